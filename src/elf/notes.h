// ELF notes.
//
// Purpose:   walk the records of one note section: owner, type, descriptor.
// Ownership: views into the section's bytes.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "elf/byte_view.h"

namespace sdt::elf {

struct Note {
  std::uint64_t offset = 0;  ///< in the section
  std::uint32_t type = 0;
  std::string_view owner;
  ByteView descriptor;
};

/// Yields the notes of a section one by one.
class NoteWalk {
 public:
  explicit NoteWalk(ByteView section) : section_(section) {}

  /// The next note; nothing at the end, or where the sizes of a note run past it.
  [[nodiscard]] std::optional<Note> next();

  /// Where the walk is; with bytes left after next() gave nothing, the rest cannot be read.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] bool at_end() const { return offset_ >= section_.size(); }

 private:
  ByteView section_;
  std::uint64_t offset_ = 0;
};

}  // namespace sdt::elf
