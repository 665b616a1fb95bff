#include "elf/probes.h"

#include <elf.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "elf/code.h"
#include "elf/headers.h"
#include "elf/notes.h"
#include "elf/symbols.h"

namespace sdt::elf {
namespace {

constexpr std::string_view note_section = ".note.stapsdt";
constexpr std::string_view base_section = ".stapsdt.base";
constexpr std::string_view note_owner = "stapsdt";
constexpr std::uint32_t note_type = 3;

// Real programs have some thousands. A metric may ask for all of them, and its link, its sites and
// their names take about a kilobyte each.
constexpr std::size_t most_notes = 100'000;
// An argument takes up to a hundred times the memory of its declaration; no program has as many.
constexpr std::size_t most_arguments = 1'000'000;
// So many notes of any program take less.
constexpr std::uint64_t most_note_bytes = 256U << 20;
constexpr std::size_t most_skipped = 1'000;
// The kernel counts users of a probe in 16 bits.
constexpr std::uint64_t semaphore_size = 2;

/// The descriptor of a stapsdt note: three addresses and three strings (SystemTap wiki,
/// UserSpaceProbeImplementation).
struct Descriptor {
  std::uint64_t location = 0;
  std::uint64_t base = 0;
  std::uint64_t semaphore = 0;
  std::string_view provider;
  std::string_view name;
  std::string_view arguments;
};

tl::expected<Descriptor, std::string> read_descriptor(ByteView bytes) {
  constexpr std::uint64_t strings_at = 3 * sizeof(std::uint64_t);
  const auto strings = bytes.slice(strings_at, bytes.size() - std::min(bytes.size(), strings_at));
  if (!strings) return tl::unexpected<std::string>("it is too short for its three addresses");
  Descriptor descriptor;
  descriptor.location = *bytes.read<std::uint64_t>(0);
  descriptor.base = *bytes.read<std::uint64_t>(sizeof(std::uint64_t));
  descriptor.semaphore = *bytes.read<std::uint64_t>(2 * sizeof(std::uint64_t));

  const auto provider = strings->string_at(0, strings->size());
  if (!provider || provider->empty()) {
    return tl::unexpected<std::string>("its provider's name is empty or not terminated");
  }
  const std::uint64_t name_at = provider->size() + 1;
  const auto name = strings->string_at(name_at, strings->size());
  if (!name || name->empty()) {
    return tl::unexpected<std::string>("its probe's name is empty or not terminated");
  }
  const std::uint64_t arguments_at = name_at + name->size() + 1;
  descriptor.provider = *provider;
  descriptor.name = *name;
  if (arguments_at == strings->size()) return descriptor;  // written without arguments at all
  const auto arguments = strings->string_at(arguments_at, strings->size());
  if (!arguments) return tl::unexpected<std::string>("its arguments are not terminated");
  descriptor.arguments = *arguments;
  return descriptor;
}

/// Collects the probes of one file.
class Collector {
 public:
  Collector(ByteView file, const Headers& headers)
      : file_(file), headers_(headers), base_(headers.find(base_section)) {}

  Status read_section(const Section& section);

  /// What was collected, without duplicates.
  ProbeFile finish() &&;

 private:
  void add(const Note& note);
  tl::expected<Site, std::string> make_site(const Descriptor& descriptor);
  std::optional<std::uint64_t> find_symbol(std::string_view name);
  void skip(SkippedNote note);
  void drop_duplicates();
  void look_at_code();

  ByteView file_;
  const Headers& headers_;
  const Section* base_;
  std::optional<SymbolTable> symbols_;  // made when the first operand asks for one
  std::size_t notes_ = 0;
  std::size_t arguments_ = 0;
  std::uint64_t bytes_ = 0;
  std::size_t skipped_silently_ = 0;
  ProbeFile result_;
};

Status Collector::read_section(const Section& section) {
  const auto bytes = file_.slice(section.offset, section.size);
  bytes_ += section.size;
  if (!bytes || bytes_ > file_.size()) {
    return fail(Errc::invalid,
                fmt::format("its {} sections are larger than the file, or lie outside it: was it "
                            "cut short?",
                            note_section));
  }
  if (bytes_ > most_note_bytes) {
    return fail(Errc::invalid, fmt::format("its {} sections hold {} bytes, and more than {} no "
                                           "linker makes",
                                           note_section, bytes_, most_note_bytes));
  }
  NoteWalk walk(*bytes);
  while (const auto note = walk.next()) {
    if (note->owner != note_owner || note->type != note_type) continue;
    if (++notes_ > most_notes || arguments_ > most_arguments) {
      const auto [most, what] = notes_ > most_notes ? std::pair(most_notes, "notes")
                                                    : std::pair(most_arguments, "arguments");
      skip({note->offset, fmt::format("it and all that follow: more than {} {}", most, what)});
      return {};
    }
    add(*note);
  }
  if (!walk.at_end()) {
    skip({walk.offset(), "it and all that follow: its sizes run past the end of the section"});
  }
  return {};
}

void Collector::add(const Note& note) {
  const auto descriptor = read_descriptor(note.descriptor);
  if (!descriptor) return skip({note.offset, descriptor.error()});
  auto site = make_site(*descriptor);
  if (!site) {
    return skip({note.offset,
                 fmt::format("{}:{}: {}", descriptor->provider, descriptor->name, site.error()),
                 std::string(descriptor->provider), std::string(descriptor->name)});
  }
  arguments_ += site->arguments.size();
  result_.sites.push_back(std::move(*site));
}

tl::expected<Site, std::string> Collector::make_site(const Descriptor& descriptor) {
  // prelink moves a file's addresses but does not know these notes. The base section moves with the
  // file, so where it is now against where the note says it was tells how far.
  const bool may_have_moved = descriptor.base != 0 && base_ != nullptr;
  const std::uint64_t shift = may_have_moved ? base_->address - descriptor.base : 0;

  Site site;
  site.address = descriptor.location + shift;
  const auto offset = headers_.file_offset(site.address, 1, PF_X);
  if (!offset || *offset >= file_.size()) {
    return tl::unexpected(fmt::format("its address {:#x} is not in the file's code", site.address));
  }
  site.offset = *offset;
  if (descriptor.semaphore != 0) {
    const std::uint64_t address = descriptor.semaphore + shift;
    const auto semaphore = headers_.file_offset(address, semaphore_size, PF_W);
    if (!semaphore || *semaphore == 0 || !file_.slice(*semaphore, semaphore_size)) {
      return tl::unexpected(fmt::format(
          "its semaphore's address {:#x} is not in writable data that the file holds", address));
    }
    site.semaphore_offset = *semaphore;
  }
  site.provider = std::string(descriptor.provider);
  site.name = std::string(descriptor.name);
  site.arguments = parse_arguments(descriptor.arguments, site.address,
                                   [this](std::string_view name) { return find_symbol(name); });
  return site;
}

std::optional<std::uint64_t> Collector::find_symbol(std::string_view name) {
  if (!symbols_) symbols_.emplace(file_, headers_);
  return symbols_->find(name);
}

void Collector::skip(SkippedNote note) {
  if (result_.skipped.size() < most_skipped) {
    result_.skipped.push_back(std::move(note));
  } else {
    ++skipped_silently_;
  }
}

void Collector::drop_duplicates() {
  auto& sites = result_.sites;
  const auto identity = [&](std::size_t i) {
    return std::tie(sites[i].offset, sites[i].provider, sites[i].name);
  };
  std::vector<std::size_t> order(sites.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return identity(a) < identity(b); });
  std::vector<bool> repeats(sites.size(), false);
  for (std::size_t i = 1; i < order.size(); ++i) {
    repeats[order[i]] = identity(order[i]) == identity(order[i - 1]);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    if (repeats[i]) continue;
    if (kept != i) sites[kept] = std::move(sites[i]);
    ++kept;
  }
  sites.erase(std::next(sites.begin(), static_cast<std::ptrdiff_t>(kept)), sites.end());
}

void Collector::look_at_code() {
  std::vector<std::uint64_t> addresses;
  addresses.reserve(result_.sites.size());
  for (const Site& site : result_.sites) addresses.push_back(site.address);
  const std::vector<Hazard> hazards = find_hazards(file_, headers_, addresses);
  for (std::size_t i = 0; i < hazards.size(); ++i) result_.sites[i].hazard = hazards[i];
}

ProbeFile Collector::finish() && {
  drop_duplicates();
  look_at_code();
  if (skipped_silently_ > 0) {
    result_.skipped.push_back({0, fmt::format("{} more notes", skipped_silently_)});
  }
  return std::move(result_);
}

std::string hex(ByteView bytes) {
  std::string text;
  for (const std::byte byte : bytes.bytes()) {
    fmt::format_to(std::back_inserter(text), "{:02x}", std::to_integer<unsigned>(byte));
  }
  return text;
}

std::string find_build_id(ByteView notes) {
  constexpr std::uint64_t longest = 64;  // a SHA-1 has 20 bytes
  NoteWalk walk(notes);
  while (const auto note = walk.next()) {
    if (note->owner == "GNU" && note->type == NT_GNU_BUILD_ID &&
        note->descriptor.size() <= longest) {
      return hex(note->descriptor);
    }
  }
  return {};
}

std::string read_build_id(ByteView file, const Headers& headers) {
  if (const Section* section = headers.find(".note.gnu.build-id")) {
    const auto bytes = file.slice(section->offset, section->size);
    if (bytes) return find_build_id(*bytes);
  }
  for (const Segment& segment : headers.notes) {  // a file without section headers
    const auto bytes = file.slice(segment.offset, segment.file_size);
    std::string build_id = bytes ? find_build_id(*bytes) : std::string();
    if (!build_id.empty()) return build_id;
  }
  return {};
}

}  // namespace

Result<ProbeFile> read_probes(std::span<const std::byte> file) {
  const ByteView view(file);
  const auto headers = read_headers(view);
  if (!headers) return tl::unexpected(headers.error());
  Collector collector(view, *headers);
  for (const Section& section : headers->sections) {
    if (section.type != SHT_NOTE || section.name != note_section) continue;
    if (auto status = collector.read_section(section); !status) {
      return tl::unexpected(status.error());
    }
  }
  ProbeFile result = std::move(collector).finish();
  result.build_id = read_build_id(view, *headers);
  return result;
}

}  // namespace sdt::elf
