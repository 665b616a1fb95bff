// ELF files made to measure.
//
// Purpose:   files with exactly the notes, segments and sections a test needs, sound or broken.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sdt::elf {

using Bytes = std::vector<std::byte>;

struct NoteContent {
  std::uint64_t location = 0;
  std::uint64_t base = 0;
  std::uint64_t semaphore = 0;
  std::string provider = "shop";
  std::string name = "sale";
  std::string arguments = {};
};

/// A note record; its sizes are those of what it holds.
[[nodiscard]] Bytes note_record(std::uint32_t type, std::string_view owner,
                                std::string_view descriptor);
[[nodiscard]] Bytes probe_note(const NoteContent& content);
/// The descriptor alone, for tests that damage it.
[[nodiscard]] std::string probe_descriptor(const NoteContent& content);
[[nodiscard]] Bytes operator+(Bytes a, const Bytes& b);

struct Symbol {
  std::string name;
  std::uint64_t address = 0;
  unsigned char type = STT_OBJECT;
  std::uint16_t section = 1;
};

struct FunctionRange {
  std::uint64_t begin = 0;
  std::uint32_t size = 0;
};

/// A shared library with code and data at fixed places, and the sections it is given.
class ElfBuilder {
 public:
  static constexpr std::uint64_t code_address = 0x11000;
  static constexpr std::uint64_t code_offset = 0x140;
  static constexpr std::uint64_t data_address = 0x22000;
  static constexpr std::uint64_t data_offset = 0x180;
  static constexpr std::uint64_t data_in_memory = 0x100;  ///< its end is not in the file, like .bss
  static constexpr std::uint64_t segment_size = 0x40;

  ElfBuilder();

  ElfBuilder& section(std::string name, std::uint32_t type, Bytes content,
                      std::uint64_t address = 0, std::uint32_t link = 0);
  ElfBuilder& probes(Bytes notes) { return section(".note.stapsdt", SHT_NOTE, std::move(notes)); }
  ElfBuilder& base_at(std::uint64_t address);
  ElfBuilder& symbols(std::uint32_t type, const std::vector<Symbol>& symbols);
  ElfBuilder& notes_segment(std::uint64_t offset, std::uint64_t size);

  /// The bytes of the code segment from its beginning on.
  ElfBuilder& code(Bytes bytes);
  /// .eh_frame_hdr and .eh_frame for up to two functions; they take the whole of the data segment.
  ElfBuilder& functions(const std::vector<FunctionRange>& functions);
  /// Where functions() puts the two.
  static constexpr std::uint64_t unwind_index_offset = data_offset;
  static constexpr std::uint64_t descriptions_offset = data_offset + 0x20;

  /// Puts the counts where files with very many sections and segments have them.
  ElfBuilder& with_extended_numbering();
  /// No section headers at all.
  ElfBuilder& without_sections();

  Elf64_Ehdr header{};
  std::vector<Elf64_Phdr> segments;

  [[nodiscard]] Bytes build() const;

 private:
  struct Content {
    std::string name;
    Elf64_Shdr header{};
    Bytes bytes;
  };
  std::vector<Content> sections_;
  Bytes code_;
  Bytes unwind_;
  bool extended_ = false;
  bool has_sections_ = true;
};

}  // namespace sdt::elf
