#include "provider/library.h"

#include <elf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace provider {
namespace {

constexpr std::size_t page = 4096;
constexpr std::string_view stub("\x90\x90\x90\x90\xc3", 5);  // nop, four times; ret
constexpr std::array<std::string_view, most_arguments> registers{"%rdi", "%rsi", "%rdx",
                                                                 "%rcx", "%r8",  "%r9"};

enum Section : std::uint16_t {
  section_none,
  section_hash,
  section_symbols,
  section_strings,
  section_text,
  section_base,
  section_dynamic,
  section_notes,
  section_names,
  section_count,
};

template <typename T>
std::string bytes_of(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string with_nul(std::string_view text) {
  return std::string(text) + '\0';
}

/// What a section header says that does not come from where the section is.
struct Facts {
  Elf64_Word type = SHT_NULL;
  Elf64_Xword flags = 0;
  Elf64_Word link = section_none;
  Elf64_Word info = 0;
  Elf64_Xword alignment = 1;
  Elf64_Xword entry_size = 0;
};

/// The file as it grows. Everything that is loaded is loaded where it is in the file.
class File {
 public:
  explicit File(std::size_t headers) : bytes_(headers, '\0') {}

  void pad_to(std::size_t alignment) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
  }
  void add(Section section, std::string_view name, const Facts& facts, const std::string& content) {
    pad_to(facts.alignment);
    Elf64_Shdr& header = sections_[section];
    header.sh_name = static_cast<Elf64_Word>(names_.size());
    names_ += with_nul(name);
    header.sh_type = facts.type;
    header.sh_flags = facts.flags;
    header.sh_addr = (facts.flags & SHF_ALLOC) != 0 ? bytes_.size() : 0;
    header.sh_offset = bytes_.size();
    header.sh_size = content.size();
    header.sh_link = facts.link;
    header.sh_info = facts.info;
    header.sh_addralign = facts.alignment;
    header.sh_entsize = facts.entry_size;
    bytes_ += content;
  }
  void add_names() {
    const std::string names = names_ + with_nul(".shstrtab");
    add(section_names, ".shstrtab", {.type = SHT_STRTAB}, names);
  }

  [[nodiscard]] const Elf64_Shdr& operator[](Section section) const { return sections_[section]; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  /// The finished file: the section headers at the end, the others at the beginning.
  [[nodiscard]] std::string finish(Elf64_Ehdr header, const std::string& program_headers) {
    pad_to(8);
    header.e_shoff = bytes_.size();
    for (const Elf64_Shdr& section : sections_) bytes_ += bytes_of(section);
    const std::string front = bytes_of(header) + program_headers;
    return bytes_.replace(0, front.size(), front);
  }

 private:
  std::string bytes_;
  std::string names_ = std::string(1, '\0');
  std::array<Elf64_Shdr, section_count> sections_{};
};

/// All symbols in one bucket: the chain leads from each to the one after it.
std::string hash_table(std::size_t symbols) {
  std::string table;
  const auto add = [&](std::size_t number) { table += bytes_of(static_cast<Elf64_Word>(number)); };
  add(1);
  add(symbols);
  add(symbols > 1 ? 1 : 0);
  for (std::size_t i = 0; i < symbols; ++i) add(i == 0 || i + 1 == symbols ? 0 : i + 1);
  return table;
}

std::string symbol_table(const std::vector<Probe>& probes, std::size_t text, std::string& strings) {
  std::string table = bytes_of(Elf64_Sym{});
  for (std::size_t i = 0; i < probes.size(); ++i) {
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<Elf64_Word>(strings.size());
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbol.st_shndx = section_text;
    symbol.st_value = text + i * stub.size();
    symbol.st_size = stub.size();
    table += bytes_of(symbol);
    strings += with_nul(probes[i].name);
  }
  return table;
}

std::string arguments_of(const Probe& probe) {
  std::string text;
  for (std::size_t i = 0; i < probe.sizes.size(); ++i) {
    text += (i == 0 ? "" : " ") + probe.sizes[i] + "@" + std::string(registers[i]);
  }
  return text;
}

std::string note(const std::string& provider, const Probe& probe, std::uint64_t location,
                 std::uint64_t base) {
  constexpr std::uint64_t no_semaphore = 0;
  const std::string content = bytes_of(location) + bytes_of(base) + bytes_of(no_semaphore) +
                              with_nul(provider) + with_nul(probe.name) +
                              with_nul(arguments_of(probe));
  const std::string owner = with_nul("stapsdt");
  constexpr Elf64_Word type = 3;
  std::string bytes = bytes_of(Elf64_Nhdr{.n_namesz = static_cast<Elf64_Word>(owner.size()),
                                          .n_descsz = static_cast<Elf64_Word>(content.size()),
                                          .n_type = type}) +
                      owner + content;
  bytes.resize((bytes.size() + 3) / 4 * 4);
  return bytes;
}

std::string dynamic_entries(const File& file) {
  const std::array<std::pair<Elf64_Sxword, Elf64_Xword>, 6> entries{{
      {DT_HASH, file[section_hash].sh_addr},
      {DT_STRTAB, file[section_strings].sh_addr},
      {DT_SYMTAB, file[section_symbols].sh_addr},
      {DT_STRSZ, file[section_strings].sh_size},
      {DT_SYMENT, sizeof(Elf64_Sym)},
      {DT_NULL, 0},
  }};
  std::string bytes;
  for (const auto& [tag, value] : entries) bytes += bytes_of(tag) + bytes_of(value);
  return bytes;
}

Elf64_Phdr segment(Elf64_Word type, Elf64_Word flags, std::size_t from, std::size_t size) {
  return {.p_type = type,
          .p_flags = flags,
          .p_offset = from,
          .p_vaddr = from,
          .p_paddr = from,
          .p_filesz = size,
          .p_memsz = size,
          .p_align = type == PT_LOAD ? page : 8};
}

Elf64_Ehdr file_header(Elf64_Half segments) {
  Elf64_Ehdr header{};
  const std::string_view identity(
      "\x7f"
      "ELF\x02\x01\x01",
      7);  // 64 bits, little-endian, version 1
  identity.copy(reinterpret_cast<char*>(header.e_ident), identity.size());
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = segments;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = section_count;
  header.e_shstrndx = section_names;
  return header;
}

/// What the R-X segment holds: all that code and the loader's search for names need.
void add_code(File& file, const std::vector<Probe>& probes) {
  file.add(section_hash, ".hash",
           {.type = SHT_HASH,
            .flags = SHF_ALLOC,
            .link = section_symbols,
            .alignment = 8,
            .entry_size = sizeof(Elf64_Word)},
           hash_table(probes.size() + 1));
  // The stubs come before the symbols that point to them, so that their place is known.
  std::string stubs;
  for (std::size_t i = 0; i < probes.size(); ++i) stubs += stub;
  file.add(section_text, ".text",
           {.type = SHT_PROGBITS, .flags = SHF_ALLOC | SHF_EXECINSTR, .alignment = 16}, stubs);
  std::string strings(1, '\0');
  file.add(section_symbols, ".dynsym",
           {.type = SHT_DYNSYM,
            .flags = SHF_ALLOC,
            .link = section_strings,
            .info = 1,  // the first that is not local
            .alignment = 8,
            .entry_size = sizeof(Elf64_Sym)},
           symbol_table(probes, file[section_text].sh_addr, strings));
  file.add(section_strings, ".dynstr", {.type = SHT_STRTAB, .flags = SHF_ALLOC}, strings);
  file.add(section_base, ".stapsdt.base", {.type = SHT_PROGBITS, .flags = SHF_ALLOC},
           std::string(1, '\0'));
}

void add_dynamic(File& file) {
  file.add(section_dynamic, ".dynamic",
           {.type = SHT_DYNAMIC,
            .flags = SHF_ALLOC | SHF_WRITE,
            .link = section_strings,
            .alignment = 8,
            .entry_size = sizeof(Elf64_Dyn)},
           dynamic_entries(file));
}

void add_notes(File& file, const std::string& provider, const std::vector<Probe>& probes) {
  std::string notes;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    notes += note(provider, probes[i], file[section_text].sh_addr + i * stub.size(),
                  file[section_base].sh_addr);
  }
  file.add(section_notes, ".note.stapsdt", {.type = SHT_NOTE, .alignment = 4}, notes);
}

}  // namespace

std::string make_library(const std::string& provider, const std::vector<Probe>& probes) {
  constexpr Elf64_Half segments = 4;
  File file(sizeof(Elf64_Ehdr) + segments * sizeof(Elf64_Phdr));
  add_code(file, probes);
  const std::size_t code_end = file.size();
  file.pad_to(page);
  add_dynamic(file);
  add_notes(file, provider, probes);
  file.add_names();

  const Elf64_Shdr& dynamic = file[section_dynamic];
  const std::string headers =
      bytes_of(segment(PT_LOAD, PF_R | PF_X, 0, code_end)) +
      bytes_of(segment(PT_LOAD, PF_R | PF_W, dynamic.sh_offset, dynamic.sh_size)) +
      bytes_of(segment(PT_DYNAMIC, PF_R | PF_W, dynamic.sh_offset, dynamic.sh_size)) +
      // libstapsdt has none, for which the loader makes every stack executable.
      bytes_of(segment(PT_GNU_STACK, PF_R | PF_W, 0, 0));
  return file.finish(file_header(segments), headers);
}

}  // namespace provider
