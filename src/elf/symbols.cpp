#include "elf/symbols.h"

#include <elf.h>

#include <algorithm>
#include <iterator>

namespace sdt::elf {
namespace {

// Operands name variables; longer names are those of C++ functions, which no operand needs.
constexpr std::uint64_t longest_name = 1024;

// Browsers with all their symbols have two million.
constexpr std::uint64_t most_symbols = 8'000'000;

/// Whether the symbol is something at a fixed place of the loaded file. Thread-local symbols hold
/// an offset in the thread's block, absolute ones do not move with the file.
bool has_address(const Elf64_Sym& symbol) {
  const auto type = ELF64_ST_TYPE(symbol.st_info);
  return symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS &&
         symbol.st_shndx != SHN_COMMON &&
         (type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC);
}

}  // namespace

SymbolTable::SymbolTable(ByteView file, const Headers& headers) {
  // Sections of a hostile file may overlap, and be holes without end.
  std::uint64_t budget = std::min(file.size(), most_symbols * sizeof(Elf64_Sym));
  for (const Section& section : headers.sections) {
    if (section.type != SHT_SYMTAB && section.type != SHT_DYNSYM) continue;
    if (section.link >= headers.sections.size() || section.size > budget) continue;
    const Section& strings = headers.sections[section.link];
    const auto symbols = file.slice(section.offset, section.size);
    const auto names = file.slice(strings.offset, strings.size);
    if (!symbols || !names) continue;
    budget -= section.size;
    add_table(*symbols, *names);
  }
  std::sort(entries_.begin(), entries_.end());
  entries_.erase(std::unique(entries_.begin(), entries_.end()), entries_.end());
}

void SymbolTable::add_table(ByteView symbols, ByteView names) {
  const std::uint64_t count = symbols.size() / sizeof(Elf64_Sym);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto symbol = symbols.read<Elf64_Sym>(i * sizeof(Elf64_Sym));
    if (!has_address(*symbol)) continue;
    const auto name = names.string_at(symbol->st_name, longest_name);
    if (name && !name->empty()) entries_.push_back({*name, symbol->st_value});
  }
}

std::optional<std::uint64_t> SymbolTable::find(std::string_view name) const {
  const auto by_name = [](const Entry& entry, std::string_view wanted) {
    return entry.name < wanted;
  };
  const auto first = std::lower_bound(entries_.begin(), entries_.end(), name, by_name);
  if (first == entries_.end() || first->name != name) return std::nullopt;
  const auto second = std::next(first);
  if (second != entries_.end() && second->name == name) return std::nullopt;
  return first->address;
}

}  // namespace sdt::elf
