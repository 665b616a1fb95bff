#include "elf/operand.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "elf/registers.h"

namespace sdt::elf {
namespace {

using Kind = Argument::Kind;
template <class T>
using OrReason = tl::expected<T, std::string>;

tl::unexpected<std::string> because(std::string reason) {
  return tl::unexpected<std::string>(std::move(reason));
}

tl::unexpected<std::string> not_understood(std::string_view part) {
  return because(fmt::format("\"{}\" is not an operand of the x86-64 assembler", part));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_symbol_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         c == '$';
}

/// As the assembler reads it: 0x10 hexadecimal, 010 octal, 10 decimal.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  int radix = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    radix = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.front() == '0') {
    radix = 8;
  }
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value, radix);
  if (text.empty() || problem != std::errc() || stop != end) return std::nullopt;
  return value;
}

/// "40+CheckpointStats-8": the number is 32.
struct Sum {
  std::string_view symbol;
  std::uint64_t number = 0;  // two's complement

  [[nodiscard]] std::int64_t as_signed() const { return static_cast<std::int64_t>(number); }
};

OrReason<void> add_term(std::string_view term, bool negative, Sum& sum) {
  if (term.empty()) return because("its expression ends in a sign");
  if (is_digit(term.front())) {
    const auto number = parse_number(term);
    if (!number) return because(fmt::format("\"{}\" is not a number of 64 bits", term));
    sum.number += negative ? -*number : *number;
    return {};
  }
  const std::size_t at = term.find('@');
  if (at != std::string_view::npos) {
    return because(fmt::format("{} is resolved by the dynamic linker ({}), not by the file",
                               term.substr(0, at), term.substr(at)));
  }
  if (!std::all_of(term.begin(), term.end(), is_symbol_char)) return not_understood(term);
  if (negative || !sum.symbol.empty()) {
    return because(fmt::format("an expression of symbols ({}) is not one address", term));
  }
  sum.symbol = term;
  return {};
}

OrReason<Sum> parse_sum(std::string_view text) {
  Sum sum;
  std::string_view rest = text;
  while (!rest.empty()) {
    bool negative = false;
    while (rest.starts_with('+') || rest.starts_with('-')) {
      negative ^= rest.front() == '-';
      rest.remove_prefix(1);
    }
    const std::string_view term = rest.substr(0, rest.find_first_of("+-"));
    if (const auto added = add_term(term, negative, sum); !added) {
      return tl::unexpected(added.error());
    }
    rest.remove_prefix(term.size());
  }
  return sum;
}

OrReason<RegisterPart> parse_register(std::string_view text) {
  if (!text.starts_with('%')) return not_understood(text);
  const std::string_view name = text.substr(1);
  if (const auto part = find_register(name)) return *part;
  if (is_vector_register(name)) {
    return because(fmt::format(
        "{} is a floating-point or vector register, which the kernel does not show", text));
  }
  return because(fmt::format("{} is not a register that the kernel shows", text));
}

OrReason<Operand> register_operand(std::string_view text) {
  const auto part = parse_register(text);
  if (!part) return tl::unexpected(part.error());
  if (part->whole == Register::rip) return because("the value of %rip itself is no argument");
  Operand operand;
  operand.kind = Kind::in_register;
  operand.base = part->whole;
  operand.register_bytes = part->bytes;
  operand.shift = part->shift;
  return operand;
}

OrReason<Operand> constant_operand(std::string_view text) {
  const auto sum = parse_sum(text);
  if (!sum) return tl::unexpected(sum.error());
  if (text.empty()) return not_understood("$");
  if (!sum->symbol.empty()) {
    return because(
        fmt::format("the address of {} is only known once the program is loaded", sum->symbol));
  }
  Operand operand;
  operand.kind = Kind::constant;
  operand.offset = sum->as_signed();
  return operand;
}

/// A register inside brackets; `text` may be empty for an absent one.
OrReason<Register> address_register(std::string_view text) {
  if (text.empty()) return Register::none;
  const auto part = parse_register(text);
  if (!part) return tl::unexpected(part.error());
  if (part->bytes != 8) {
    return because(
        fmt::format("{} is not a 64-bit register, and memory is addressed by those", text));
  }
  return part->whole;
}

/// "%rax,%rcx,8": what stands inside the brackets.
OrReason<void> parse_address(std::string_view text, Operand& operand) {
  std::array<std::string_view, 3> parts;
  std::size_t count = 0;
  for (std::string_view rest = text;; ++count) {
    if (count == parts.size()) return not_understood(text);
    const std::size_t comma = rest.find(',');
    parts[count] = rest.substr(0, comma);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  const auto base = address_register(parts[0]);
  if (!base) return tl::unexpected(base.error());
  const auto index = address_register(parts[1]);
  if (!index) return tl::unexpected(index.error());
  const bool neither = *base == Register::none && *index == Register::none;
  const bool scale_alone = !parts[2].empty() && *index == Register::none;
  const bool rip_indexed = *base == Register::rip && *index != Register::none;
  if (neither || scale_alone || rip_indexed || *index == Register::rip || *index == Register::rsp) {
    return not_understood(fmt::format("({})", text));
  }
  if (!parts[2].empty()) {
    const auto scale = parse_number(parts[2]);
    if (!scale || (*scale != 1 && *scale != 2 && *scale != 4 && *scale != 8)) {
      return because(fmt::format("an index is scaled by 1, 2, 4 or 8, not by {}", parts[2]));
    }
    operand.scale = static_cast<std::uint8_t>(*scale);
  }
  operand.base = *base;
  operand.index = *index;
  return {};
}

/// Adds a symbol's place to an operand's address. Without %rip the assembler means the absolute
/// address, which programs loaded at a fixed address use; relative to the probe is the same place.
OrReason<void> add_symbol(std::string_view name, std::uint64_t probe_address,
                          const SymbolLookup& symbol, Operand& operand) {
  const bool base_taken = operand.base != Register::none && operand.base != Register::rip;
  if (base_taken && operand.index != Register::none) {
    return because(
        fmt::format("{} and two registers are more than an address can be made of", name));
  }
  const auto address = symbol ? symbol(name) : std::nullopt;
  if (!address) {
    return because(fmt::format(
        "where {} is cannot be told: the file's symbol tables (was it stripped?) name it "
        "not at all or at several addresses",
        name));
  }
  if (base_taken) operand.index = operand.base;
  operand.base = Register::rip;
  operand.offset = static_cast<std::int64_t>(static_cast<std::uint64_t>(operand.offset) + *address -
                                             probe_address);
  return {};
}

OrReason<Operand> memory_operand(std::string_view text, std::uint64_t probe_address,
                                 const SymbolLookup& symbol) {
  const std::size_t bracket = text.find('(');
  const auto sum = parse_sum(text.substr(0, bracket));
  if (!sum) return tl::unexpected(sum.error());

  Operand operand;
  operand.kind = Kind::in_memory;
  operand.offset = sum->as_signed();
  if (bracket != std::string_view::npos) {
    const std::string_view inside = text.substr(bracket + 1);
    if (!inside.ends_with(')')) return not_understood(text);
    if (const auto parsed = parse_address(inside.substr(0, inside.size() - 1), operand); !parsed) {
      return tl::unexpected(parsed.error());
    }
  } else if (sum->symbol.empty()) {
    // The x86-64 assembler means memory at that address; SystemTap takes it for the value.
    return because("a number without $ could be a constant or an address");
  }
  if (!sum->symbol.empty()) {
    const auto added = add_symbol(sum->symbol, probe_address, symbol, operand);
    if (!added) return tl::unexpected(added.error());
  }
  return operand;
}

}  // namespace

OrReason<Operand> parse_operand(std::string_view text, std::uint64_t probe_address,
                                const SymbolLookup& symbol) {
  std::string compact(text);
  std::erase_if(compact, [](char c) { return c == ' ' || c == '\t'; });
  const std::string_view operand = compact;
  if (operand.empty()) return because("the declaration has no operand");
  if (operand.starts_with("%fs:") || operand.starts_with("%gs:")) {
    return because(
        fmt::format("it is thread-local memory ({}), whose place the kernel does not "
                    "tell",
                    operand.substr(0, 3)));
  }
  if (operand.front() == '%') return register_operand(operand);
  if (operand.front() == '$') return constant_operand(operand.substr(1));
  return memory_operand(operand, probe_address, symbol);
}

}  // namespace sdt::elf
