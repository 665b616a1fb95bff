#include "elf/argument.h"

#include <charconv>
#include <cstddef>

#include <fmt/format.h>

#include "elf/operand.h"

namespace sdt::elf {
namespace {

using Kind = Argument::Kind;

constexpr std::size_t most_delivered = 12;  // DTRACE_PROBE12 of sys/sdt.h
// Of those past the twelfth only so many are told about; more is not a declaration but an attack.
constexpr std::size_t most_reported = 64;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

/// SIZE[f]@ with its parts.
struct Prefix {
  std::size_t length = 0;  ///< 0: there is no prefix
  std::string_view size;   ///< digits
  bool is_signed = false;
  std::string_view type;  ///< a letter or nothing
};

Prefix parse_prefix(std::string_view text) {
  constexpr std::size_t most_digits = 4;
  Prefix prefix;
  std::size_t at = 0;
  if (text.starts_with('-')) {
    prefix.is_signed = true;
    at = 1;
  }
  const std::size_t first = at;
  while (at < text.size() && is_digit(text[at]) && at - first < most_digits) ++at;
  prefix.size = text.substr(first, at - first);
  if (at < text.size() && text[at] >= 'a' && text[at] <= 'z') prefix.type = text.substr(at++, 1);
  if (prefix.size.empty() || at >= text.size() || text[at] != '@') return {};
  prefix.length = at + 1;
  return prefix;
}

/// Cuts the next declaration off `rest`. Blanks separate, but not within brackets, unless what
/// follows can only be the next declaration: a bracket that is never closed costs one argument.
std::string_view next_declaration(std::string_view& rest) {
  while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
  std::size_t end = 0;
  int depth = 0;
  for (; end < rest.size(); ++end) {
    if (rest[end] == '(') ++depth;
    if (rest[end] == ')') --depth;
    if (!is_blank(rest[end])) continue;
    if (depth <= 0 || parse_prefix(rest.substr(end + 1)).length > 0) break;
  }
  const std::string_view declaration = rest.substr(0, end);
  rest.remove_prefix(end);
  return declaration;
}

Argument unavailable(Argument argument, std::string reason) {
  argument.kind = Kind::unavailable;
  argument.reason = std::move(reason);
  return argument;
}

/// The low bytes of a value, read with the sign it is declared with.
std::int64_t narrowed(std::int64_t value, std::uint8_t size, bool is_signed) {
  if (size == 8) return value;
  const unsigned unused = 64U - 8U * size;
  const std::uint64_t high = static_cast<std::uint64_t>(value) << unused;
  return is_signed ? static_cast<std::int64_t>(high) >> unused
                   : static_cast<std::int64_t>(high >> unused);
}

Argument with_operand(Argument argument, const Operand& operand, bool has_size) {
  argument.kind = operand.kind;
  argument.base = operand.base;
  argument.index = operand.index;
  argument.scale = operand.scale;
  argument.shift = operand.shift;
  argument.offset = operand.offset;
  if (operand.kind == Kind::constant) {
    if (argument.is_float) {
      return unavailable(std::move(argument), "a constant is not a floating-point operand");
    }
    argument.offset = narrowed(operand.offset, argument.size, argument.is_signed);
  }
  if (operand.kind == Kind::in_register && (!has_size || argument.size > operand.register_bytes)) {
    // What lies in the register beyond the named part belongs to somebody else.
    if (argument.is_float) {
      return unavailable(std::move(argument), "the register holds a part of the number only");
    }
    argument.size = operand.register_bytes;
  }
  return argument;
}

Argument parse_declaration(std::string_view text, std::uint64_t probe_address,
                           const SymbolLookup& symbol) {
  Argument argument;
  argument.text = std::string(text);
  const Prefix prefix = parse_prefix(text);
  if (prefix.length > 0) {
    argument.is_signed = prefix.is_signed;
    argument.is_float = prefix.type == "f";
    unsigned size = 0;
    std::from_chars(prefix.size.data(), prefix.size.data() + prefix.size.size(), size);
    const bool fits = size == 4 || size == 8 || (!argument.is_float && (size == 1 || size == 2));
    if (!fits) {
      const char* const article = argument.is_float ? "a floating-point" : "an";
      return unavailable(std::move(argument),
                         fmt::format("{} argument of {} bytes cannot be read", article, size));
    }
    argument.size = static_cast<std::uint8_t>(size);
    if (!prefix.type.empty() && !argument.is_float) {
      return unavailable(std::move(argument),
                         fmt::format("the type letter \"{}\" is unknown", prefix.type));
    }
  }
  const auto operand = parse_operand(text.substr(prefix.length), probe_address, symbol);
  if (!operand) return unavailable(std::move(argument), operand.error());
  // Without a size (the first versions of SystemTap wrote none) it is an unsigned machine word, as
  // for GDB; a register's name says how much of it is meant.
  return with_operand(std::move(argument), *operand, prefix.length > 0);
}

}  // namespace

std::vector<Argument> parse_arguments(std::string_view text, std::uint64_t probe_address,
                                      const SymbolLookup& symbol) {
  std::vector<Argument> arguments;
  while (arguments.size() < most_reported) {
    const std::string_view declaration = next_declaration(text);
    if (declaration.empty()) break;
    if (arguments.size() < most_delivered) {
      arguments.push_back(parse_declaration(declaration, probe_address, symbol));
      continue;
    }
    Argument extra;
    extra.text = std::string(declaration);
    arguments.push_back(unavailable(std::move(extra), "a probe has at most 12 arguments"));
  }
  return arguments;
}

}  // namespace sdt::elf
