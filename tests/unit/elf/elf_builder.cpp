#include "elf_builder.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace sdt::elf {
namespace {

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

template <class T>
std::string raw(const T& value) {
  std::string text(sizeof(T), '\0');
  std::memcpy(text.data(), &value, sizeof(T));
  return text;
}

void pad(Bytes& bytes, std::size_t multiple) {
  while (bytes.size() % multiple != 0) bytes.push_back(std::byte{0});
}

template <class T>
void put(Bytes& bytes, std::size_t offset, const T& value) {
  if (bytes.size() < offset + sizeof(T)) bytes.resize(offset + sizeof(T));
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

Elf64_Phdr loaded(std::uint32_t flags, std::uint64_t address, std::uint64_t offset,
                  std::uint64_t in_memory) {
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_flags = flags;
  segment.p_vaddr = address;
  segment.p_offset = offset;
  segment.p_filesz = ElfBuilder::segment_size;
  segment.p_memsz = in_memory;
  return segment;
}

}  // namespace

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes note_record(std::uint32_t type, std::string_view owner, std::string_view descriptor) {
  const Elf64_Nhdr header{static_cast<Elf64_Word>(owner.size() + 1),
                          static_cast<Elf64_Word>(descriptor.size()), type};
  Bytes record = bytes_of(raw(header)) + bytes_of(owner);
  record.push_back(std::byte{0});
  pad(record, 4);
  record = std::move(record) + bytes_of(descriptor);
  pad(record, 4);
  return record;
}

std::string probe_descriptor(const NoteContent& content) {
  return raw(content.location) + raw(content.base) + raw(content.semaphore) + content.provider +
         '\0' + content.name + '\0' + content.arguments + '\0';
}

Bytes probe_note(const NoteContent& content) {
  return note_record(3, "stapsdt", probe_descriptor(content));
}

ElfBuilder::ElfBuilder() {
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  segments = {loaded(PF_R | PF_X, code_address, code_offset, segment_size),
              loaded(PF_R | PF_W, data_address, data_offset, data_in_memory)};
  section("", SHT_NULL, {});
}

ElfBuilder& ElfBuilder::section(std::string name, std::uint32_t type, Bytes content,
                                std::uint64_t address, std::uint32_t link) {
  Content section{std::move(name), {}, std::move(content)};
  section.header.sh_type = type;
  section.header.sh_addr = address;
  section.header.sh_link = link;
  sections_.push_back(std::move(section));
  return *this;
}

ElfBuilder& ElfBuilder::base_at(std::uint64_t address) {
  return section(".stapsdt.base", SHT_PROGBITS, Bytes(1), address);
}

ElfBuilder& ElfBuilder::symbols(std::uint32_t type, const std::vector<Symbol>& symbols) {
  std::string names(1, '\0');
  Bytes table(sizeof(Elf64_Sym));
  for (const Symbol& symbol : symbols) {
    Elf64_Sym entry{};
    entry.st_name = static_cast<Elf64_Word>(names.size());
    entry.st_info = static_cast<unsigned char>((STB_GLOBAL << 4) | symbol.type);
    entry.st_shndx = symbol.section;
    entry.st_value = symbol.address;
    table = std::move(table) + bytes_of(raw(entry));
    names += symbol.name + '\0';
  }
  const auto strings = static_cast<std::uint32_t>(sections_.size() + 1);
  section(type == SHT_DYNSYM ? ".dynsym" : ".symtab", type, std::move(table), 0, strings);
  return section(".strtab", SHT_STRTAB, bytes_of(names));
}

ElfBuilder& ElfBuilder::notes_segment(std::uint64_t offset, std::uint64_t size) {
  Elf64_Phdr segment{};
  segment.p_type = PT_NOTE;
  segment.p_offset = offset;
  segment.p_filesz = size;
  segments.push_back(segment);
  return *this;
}

ElfBuilder& ElfBuilder::code(Bytes bytes) {
  code_ = std::move(bytes);
  return *this;
}

ElfBuilder& ElfBuilder::functions(const std::vector<FunctionRange>& functions) {
  const auto relative = [](std::uint64_t to, std::uint64_t from) {
    return static_cast<std::int32_t>(to - from);
  };
  unwind_ = {std::byte{1}, std::byte{0x1b}, std::byte{0x03}, std::byte{0x3b}};
  put(unwind_, 8, static_cast<std::uint32_t>(functions.size()));
  constexpr std::uint64_t descriptions = descriptions_offset - unwind_index_offset;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    const std::uint64_t description = descriptions + 16 * i;
    put(unwind_, 12 + 8 * i, relative(functions[i].begin, data_address));
    put(unwind_, 16 + 8 * i, static_cast<std::int32_t>(description));
    put(unwind_, description, std::uint32_t{12});
    put(unwind_, description + 4, std::uint32_t{1});
    put(unwind_, description + 8, relative(functions[i].begin, data_address + description + 8));
    put(unwind_, description + 12, functions[i].size);
  }
  Elf64_Phdr segment{};
  segment.p_type = PT_GNU_EH_FRAME;
  segment.p_vaddr = data_address;
  segment.p_offset = unwind_index_offset;
  segment.p_filesz = 12 + 8 * functions.size();
  segments.push_back(segment);
  return *this;
}

ElfBuilder& ElfBuilder::with_extended_numbering() {
  extended_ = true;
  return *this;
}

ElfBuilder& ElfBuilder::without_sections() {
  has_sections_ = false;
  return *this;
}

Bytes ElfBuilder::build() const {
  Bytes file(data_offset + segment_size);
  std::copy(code_.begin(), code_.end(), file.begin() + code_offset);
  std::copy(unwind_.begin(), unwind_.end(), file.begin() + unwind_index_offset);
  std::vector<Content> sections = sections_;
  sections.push_back({".shstrtab", {}, {}});
  sections.back().header.sh_type = SHT_STRTAB;
  std::string names;
  for (Content& section : sections) {
    section.header.sh_name = static_cast<Elf64_Word>(names.size());
    names += section.name + '\0';
  }
  sections.back().bytes = bytes_of(names);
  for (Content& section : sections) {
    pad(file, 8);
    section.header.sh_offset = file.size();
    section.header.sh_size = section.bytes.size();
    file = std::move(file) + section.bytes;
  }
  pad(file, 8);

  Elf64_Ehdr head = header;
  head.e_phoff = sizeof(Elf64_Ehdr);
  head.e_phnum = static_cast<Elf64_Half>(segments.size());
  if (has_sections_) {
    head.e_shoff = file.size();
    head.e_shnum = static_cast<Elf64_Half>(sections.size());
    head.e_shstrndx = static_cast<Elf64_Half>(sections.size() - 1);
  }
  if (extended_) {
    sections.front().header.sh_size = sections.size();
    sections.front().header.sh_link = head.e_shstrndx;
    sections.front().header.sh_info = head.e_phnum;
    head.e_shnum = 0;
    head.e_shstrndx = SHN_XINDEX;
    head.e_phnum = PN_XNUM;
  }
  put(file, 0, head);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    put(file, head.e_phoff + i * sizeof(Elf64_Phdr), segments[i]);
  }
  if (has_sections_) {
    for (const Content& section : sections) put(file, file.size(), section.header);
  }
  return file;
}

}  // namespace sdt::elf
