#include "cli/list.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/glob.h"
#include "base/result.h"
#include "cli/list_output.h"
#include "cli/printable.h"
#include "cli/progress.h"
#include "cli/style.h"
#include "elf/mapped_file.h"
#include "elf/probes.h"
#include "proc/procfs.h"

namespace sdt::cli {
namespace {

struct Pattern {
  Glob provider{"*"};
  Glob name{"*"};
};

Result<Pattern> parse_pattern(const std::optional<std::string>& text) {
  if (!text) return Pattern{};
  const std::size_t colon = text->find(':');
  if (colon == 0 || colon == std::string::npos || colon + 1 == text->size()) {
    return fail(Errc::invalid,
                fmt::format("\"{}\" is not PROVIDER:NAME; globs are allowed in both, as in "
                            "'postgresql:query__*' or '*:*'",
                            *text));
  }
  return Pattern{Glob(text->substr(0, colon)), Glob(text->substr(colon + 1))};
}

/// What was found, and what could not be looked at.
class Listing {
 public:
  explicit Listing(Pattern pattern) : pattern_(std::move(pattern)) {}

  void add_file(const std::string& path);
  void add_process(std::uint32_t pid);
  void add_all_processes();

  [[nodiscard]] const std::vector<ListedFile>& files() const { return files_; }
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

 private:
  void add_mapping(std::uint32_t pid, const proc::Mapping& mapping);
  void add_probes(const std::string& path, elf::ProbeFile probes);

  proc::Procfs procfs_;
  Pattern pattern_;
  std::set<proc::FileId> seen_;
  std::vector<ListedFile> files_;
  std::vector<std::string> problems_;
};

Result<elf::ProbeFile> read_mapped(const Result<elf::MappedFile>& file, const std::string& path) {
  if (!file) return tl::unexpected(file.error());
  auto probes = elf::read_probes(file->bytes());
  if (!probes) return fail_within(path, std::move(probes).error());
  return probes;
}

void Listing::add_file(const std::string& path) {
  auto probes = read_mapped(elf::MappedFile::open(path), path);
  if (!probes) return problems_.push_back(probes.error().message);
  add_probes(path, std::move(*probes));
}

void Listing::add_process(std::uint32_t pid) {
  const auto identity = procfs_.identify(pid);
  if (!identity && identity.error().code == Errc::gone) {
    return problems_.push_back(fmt::format("process {} is not running", pid));
  }
  if (!identity) return problems_.push_back(identity.error().message);
  const auto mappings = procfs_.mapped_files(pid);
  if (!mappings) return problems_.push_back(mappings.error().message);
  for (const proc::Mapping& mapping : *mappings) add_mapping(pid, mapping);
}

void Listing::add_all_processes() {
  const auto pids = procfs_.pids();
  if (!pids) return problems_.push_back(pids.error().message);
  Progress progress("processes");
  std::size_t looked_at = 0;
  std::size_t refused = 0;
  std::string example;
  for (const std::uint32_t pid : *pids) {
    progress.at(looked_at++, pids->size());
    const auto mappings = procfs_.mapped_files(pid);
    if (mappings) {
      for (const proc::Mapping& mapping : *mappings) add_mapping(pid, mapping);
    } else if (mappings.error().code != Errc::gone) {
      ++refused;
      example = mappings.error().message;
    }
  }
  if (refused > 0) {
    problems_.push_back(fmt::format("{} process{} could not be looked at; the last: {}", refused,
                                    refused == 1 ? "" : "es", example));
  }
}

void Listing::add_mapping(std::uint32_t pid, const proc::Mapping& mapping) {
  if (seen_.contains(mapping.file)) return;
  const auto fd = procfs_.open_mapping(pid, mapping);
  if (!fd) {
    if (fd.error().code != Errc::gone) problems_.push_back(fd.error().message);
    return;
  }
  seen_.insert(mapping.file);
  auto probes = read_mapped(elf::MappedFile::of(fd->get(), mapping.path), mapping.path);
  if (probes) return add_probes(mapping.path, std::move(*probes));
  // Programs map other things than ELF files executable: caches of compiled code, archives.
  if (probes.error().code != Errc::unsupported) problems_.push_back(probes.error().message);
}

void Listing::add_probes(const std::string& path, elf::ProbeFile probes) {
  const bool asks_for_all = pattern_.provider.text() == "*" && pattern_.name.text() == "*";
  auto& sites = probes.sites;
  std::erase_if(sites, [&](const elf::Site& site) {
    return !pattern_.provider.matches(site.provider) || !pattern_.name.matches(site.name);
  });
  std::stable_sort(sites.begin(), sites.end(), [](const elf::Site& a, const elf::Site& b) {
    return std::tie(a.provider, a.name) < std::tie(b.provider, b.name);
  });
  if (sites.empty() && (probes.skipped.empty() || !asks_for_all)) return;
  files_.push_back({path, std::move(probes)});
}

std::string nothing_found(const ListOptions& options) {
  const std::string where = options.exe   ? *options.exe
                            : options.pid ? fmt::format("the files of process {}", *options.pid)
                                          : "the files of the running processes";
  return options.pattern ? fmt::format("no probe of {} matches {}", where, *options.pattern)
                         : fmt::format("no probes in {}", where);
}

void complain(std::string_view message) {
  fmt::print(stderr, "sdt_exporter: {}\n", printable(message));
}

}  // namespace

int run_list(const ListOptions& options) {
  const auto pattern = parse_pattern(options.pattern);
  if (!pattern) {
    complain(pattern.error().message);
    return 2;
  }
  Listing listing(*pattern);
  const bool named = options.exe || options.pid;
  if (options.exe) {
    listing.add_file(*options.exe);
  } else if (options.pid) {
    listing.add_process(*options.pid);
  } else {
    listing.add_all_processes();
  }

  const auto& files = listing.files();
  const std::string output =
      options.json ? list_as_json(files) : list_as_text(files, style_of(STDOUT_FILENO));
  std::fwrite(output.data(), 1, output.size(), stdout);
  std::fflush(stdout);
  for (const std::string& problem : listing.problems()) complain(problem);
  const bool found = std::any_of(files.begin(), files.end(),
                                 [](const ListedFile& file) { return !file.probes.sites.empty(); });
  const bool incomplete = named && !listing.problems().empty();
  if (!found && !incomplete) complain(nothing_found(options));
  return found && !incomplete ? 0 : 1;
}

}  // namespace sdt::cli
