#include "cli/printable.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace sdt::cli {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;  ///< 0: the bytes are none
};

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

/// The first character of a text that is not empty, by RFC 3629: shortest form only, no surrogates.
Character first_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return {};
    code = code << 6U | (static_cast<unsigned char>(text[i]) & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < smallest[length] || is_surrogate || code > 0x10ffff) return {};
  return {code, length};
}

/// Controls and invisible formatting, direction marks among it (Unicode's categories Cc, Zl, Zp and
/// most of Cf).
bool is_unseen(std::uint32_t code) {
  constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 9> ranges = {{
      {0x00, 0x1f},
      {0x7f, 0x9f},
      {0x61c, 0x61c},
      {0x200b, 0x200f},
      {0x2028, 0x202e},
      {0x2060, 0x206f},
      {0xfeff, 0xfeff},
      {0xfff9, 0xfffb},
      {0xe0000, 0xe007f},
  }};
  return std::ranges::any_of(
      ranges, [code](const auto& range) { return range.first <= code && code <= range.second; });
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const Character character = first_of(text);
    const std::size_t length = std::max<std::size_t>(character.length, 1);
    const bool is_shown = character.length > 0 && !is_unseen(character.code);
    for (const char c : text.substr(0, length)) {
      if (is_shown) {
        result += c;
      } else {
        fmt::format_to(std::back_inserter(result), "\\x{:02x}", static_cast<unsigned char>(c));
      }
    }
    text.remove_prefix(length);
  }
  return result;
}

std::size_t columns(std::string_view printable) {
  return static_cast<std::size_t>(
      std::ranges::count_if(printable, [](char c) { return !is_continuation(c); }));
}

std::string cut(std::string_view printable, std::size_t most_columns) {
  if (columns(printable) <= most_columns) return std::string(printable);
  std::size_t end = 0;
  for (std::size_t shown = 0; end < printable.size(); ++end) {
    if (!is_continuation(printable[end]) && ++shown >= most_columns) break;
  }
  return std::string(printable.substr(0, end)) + "…";
}

}  // namespace sdt::cli
