// Section and program headers of an ELF file.
//
// Purpose:   what the note and symbol readers need of them, checked once.
// Ownership: names are views into the file's bytes.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "elf/byte_view.h"

namespace sdt::elf {

struct Section {
  std::string_view name;  ///< empty when the file does not say it properly
  std::uint32_t type = 0;
  std::uint64_t address = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t link = 0;  ///< index of the section that goes with it: a symbol table's strings
};

struct Segment {
  std::uint32_t flags = 0;
  std::uint64_t address = 0;
  std::uint64_t offset = 0;
  std::uint64_t file_size = 0;
};

struct Headers {
  std::vector<Section> sections;
  std::vector<Segment> loaded;          ///< PT_LOAD
  std::vector<Segment> notes;           ///< PT_NOTE
  std::optional<Segment> unwind_index;  ///< PT_GNU_EH_FRAME, the last one

  /// The first section of that name.
  [[nodiscard]] const Section* find(std::string_view name) const;

  /// Where in the file the `size` bytes at a virtual address come from, if a loaded segment with
  /// all of these flags (PF_X, PF_W) takes them from the file.
  [[nodiscard]] std::optional<std::uint64_t> file_offset(std::uint64_t address, std::uint64_t size,
                                                         std::uint32_t flags) const;
};

/// Errors as read_probes() states them.
[[nodiscard]] Result<Headers> read_headers(ByteView file);

}  // namespace sdt::elf
