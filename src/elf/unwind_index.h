// Where functions begin, as .eh_frame_hdr says.
//
// Purpose:   the one table of functions that stripped files keep, because exceptions need it.
// Ownership: a view into the file's bytes.
// Thread:    any; pure over bytes that may be hostile: every read is bounds-checked.
#pragma once

#include <cstdint>
#include <optional>

#include "elf/byte_view.h"
#include "elf/headers.h"

namespace sdt::elf {

/// The addresses [begin, end).
struct Function {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

class UnwindIndex {
 public:
  /// Both must outlive it.
  UnwindIndex(const ByteView& file, const Headers& headers);

  /// The function around an address; nothing when the file does not say, or says it in another form
  /// than linkers for x86-64 do.
  [[nodiscard]] std::optional<Function> function_at(std::uint64_t address) const;

 private:
  [[nodiscard]] std::uint64_t begin_of(std::uint64_t entry) const;
  [[nodiscard]] std::optional<Function> read_description(std::uint64_t entry) const;

  const ByteView& file_;
  const Headers& headers_;
  std::uint64_t address_ = 0;  ///< of .eh_frame_hdr: what its entries are relative to
  ByteView entries_;
  std::uint64_t count_ = 0;
};

}  // namespace sdt::elf
