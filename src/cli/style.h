// Colours, for terminals.
//
// Purpose:   what a terminal may be sent, decided once; text that is painted, or left as it is.
// Ownership: plain values.
// Thread:    any; style_of() asks the environment.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sdt::cli {

enum class Paint : std::uint8_t { plain, bold, dim, red, green, yellow, cyan };

struct Style {
  bool colours = false;
  bool unicode = false;  ///< bars of blocks in place of bars of #

  [[nodiscard]] std::string paint(std::string_view text, Paint paint) const;
};

/// Colours for a terminal that is not dumb, unless NO_COLOR is set (https://no-color.org).
[[nodiscard]] Style style_of(int fd);

}  // namespace sdt::cli
