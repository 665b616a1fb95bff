#include "elf/headers.h"

#include <elf.h>

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace sdt::elf {
namespace {

// No section that is looked for has a longer name.
constexpr std::uint64_t longest_section_name = 256;
// Linkers make about ten. The limit bounds the search for each of a hostile file's many notes.
constexpr std::size_t most_segments = 128;
// Programs have some dozens.
constexpr std::uint64_t most_sections = 100'000;

Status check_kind(const Elf64_Ehdr& header) {
  const auto& ident = header.e_ident;
  if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != EM_X86_64) {
    return fail(Errc::unsupported,
                fmt::format("this is not a 64-bit x86-64 file (ELF class {}, byte order {}, "
                            "machine {}), and probes of others cannot be decoded",
                            ident[EI_CLASS], ident[EI_DATA], header.e_machine));
  }
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
    return fail(
        Errc::unsupported,
        fmt::format("this is neither a program nor a shared library (ELF type {})", header.e_type));
  }
  return {};
}

/// How many headers there are and which section names the others. Counts that do not fit the file
/// header's 16 bits stand in section header 0.
struct Counts {
  std::uint64_t sections = 0;
  std::uint64_t segments = 0;
  std::uint32_t names = 0;
};

Result<Counts> read_counts(ByteView file, const Elf64_Ehdr& header) {
  Counts counts{header.e_shnum, header.e_phnum, header.e_shstrndx};
  const bool extended = (header.e_shnum == 0 && header.e_shoff != 0) || header.e_phnum == PN_XNUM ||
                        header.e_shstrndx == SHN_XINDEX;
  if (!extended) return counts;
  const auto first = file.read<Elf64_Shdr>(header.e_shoff);
  if (!first) return fail(Errc::invalid, "the first section header lies outside the file");
  if (header.e_shnum == 0) counts.sections = first->sh_size;
  if (header.e_phnum == PN_XNUM) counts.segments = first->sh_info;
  if (header.e_shstrndx == SHN_XINDEX) counts.names = first->sh_link;
  return counts;
}

/// The bytes of a header table of `count` entries; `what` is for the message.
Result<ByteView> table(ByteView file, std::uint64_t offset, std::uint64_t count,
                       std::uint64_t entry_size, std::uint64_t expected, std::string_view what) {
  if (count == 0) return ByteView();
  if (entry_size != expected) {
    return fail(Errc::invalid, fmt::format("its {} headers are {} bytes each, not {}", what,
                                           entry_size, expected));
  }
  const bool fits = count <= file.size() / entry_size;
  const auto bytes = fits ? file.slice(offset, count * entry_size) : std::nullopt;
  if (!bytes) {
    return fail(Errc::invalid,
                fmt::format("its {} {} headers at {:#x} lie outside the file, which has {} bytes: "
                            "was it cut short?",
                            count, what, offset, file.size()));
  }
  return *bytes;
}

Status read_sections(ByteView file, ByteView headers, std::uint32_t names_index, Headers& out) {
  const std::uint64_t count = headers.size() / sizeof(Elf64_Shdr);
  std::optional<ByteView> names;
  if (const auto header = headers.read<Elf64_Shdr>(names_index * sizeof(Elf64_Shdr))) {
    names = file.slice(header->sh_offset, header->sh_size);
  }
  if (count > 0 && !names) {
    return fail(Errc::invalid, "its section names lie outside the file: was it cut short?");
  }
  if (count > most_sections) {
    return fail(Errc::invalid, fmt::format("it has {} sections, and more than {} no linker makes",
                                           count, most_sections));
  }
  out.sections.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto header = headers.read<Elf64_Shdr>(i * sizeof(Elf64_Shdr));
    out.sections.push_back({names->string_at(header->sh_name, longest_section_name).value_or(""),
                            header->sh_type, header->sh_addr, header->sh_offset, header->sh_size,
                            header->sh_link});
  }
  return {};
}

Status read_segments(ByteView headers, Headers& out) {
  for (std::uint64_t at = 0; at < headers.size(); at += sizeof(Elf64_Phdr)) {
    const auto header = headers.read<Elf64_Phdr>(at);
    const Segment segment{header->p_flags, header->p_vaddr, header->p_offset, header->p_filesz};
    if (header->p_type == PT_GNU_EH_FRAME) out.unwind_index = segment;
    if (header->p_type != PT_LOAD && header->p_type != PT_NOTE) continue;
    auto& segments = header->p_type == PT_LOAD ? out.loaded : out.notes;
    if (segments.size() == most_segments) {
      return fail(Errc::invalid,
                  fmt::format("it has more than {} segments of one kind, which no linker makes",
                              most_segments));
    }
    segments.push_back(segment);
  }
  return {};
}

}  // namespace

const Section* Headers::find(std::string_view name) const {
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [&](const Section& section) { return section.name == name; });
  return found == sections.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> Headers::file_offset(std::uint64_t address, std::uint64_t size,
                                                  std::uint32_t flags) const {
  for (const Segment& segment : loaded) {
    if ((segment.flags & flags) != flags || address < segment.address) continue;
    const std::uint64_t distance = address - segment.address;
    if (distance < segment.file_size && size <= segment.file_size - distance) {
      return segment.offset + distance;
    }
  }
  return std::nullopt;
}

Result<Headers> read_headers(ByteView file) {
  if (!file.as_text().starts_with(std::string_view(ELFMAG, SELFMAG))) {
    return fail(Errc::unsupported, "this is not an ELF file");
  }
  const auto header = file.read<Elf64_Ehdr>(0);
  if (!header) return fail(Errc::invalid, "the file ends within its ELF header");
  if (auto status = check_kind(*header); !status) return tl::unexpected(status.error());

  const auto counts = read_counts(file, *header);
  if (!counts) return tl::unexpected(counts.error());
  const auto sections = table(file, header->e_shoff, counts->sections, header->e_shentsize,
                              sizeof(Elf64_Shdr), "section");
  if (!sections) return tl::unexpected(sections.error());
  const auto segments = table(file, header->e_phoff, counts->segments, header->e_phentsize,
                              sizeof(Elf64_Phdr), "program");
  if (!segments) return tl::unexpected(segments.error());

  Headers headers;
  if (auto status = read_sections(file, *sections, counts->names, headers); !status) {
    return tl::unexpected(status.error());
  }
  if (auto status = read_segments(*segments, headers); !status) {
    return tl::unexpected(status.error());
  }
  return headers;
}

}  // namespace sdt::elf
