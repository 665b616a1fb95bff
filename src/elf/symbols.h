// The addresses behind symbol names.
//
// Purpose:   resolve symbol(%rip) operands. Both tables count: a stripped program keeps the names
//            that it exports in .dynsym, a static variable's is in .symtab alone.
// Ownership: holds views into the file's bytes; must not outlive them.
// Thread:    any; pure.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "elf/byte_view.h"
#include "elf/headers.h"

namespace sdt::elf {

class SymbolTable {
 public:
  /// Tables that cannot be read count as empty.
  SymbolTable(ByteView file, const Headers& headers);

  /// The address of a symbol. Nothing when there is none of that name, or when symbols of that name
  /// (static variables of two source files) have different addresses: a guess could be wrong.
  [[nodiscard]] std::optional<std::uint64_t> find(std::string_view name) const;

 private:
  struct Entry {
    std::string_view name;
    std::uint64_t address = 0;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };
  void add_table(ByteView symbols, ByteView names);

  std::vector<Entry> entries_;  // sorted, unique: no input makes a search slow, as it could a hash
};

}  // namespace sdt::elf
