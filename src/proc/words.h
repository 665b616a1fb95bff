// Taking texts of /proc apart.
//
// Purpose:   what its parsers share.
// Ownership: views into the text.
// Thread:    any; pure.
#pragma once

#include <string_view>

namespace sdt::proc {

/// Cuts off what stands before the next `separator`, or all of `rest`.
inline std::string_view cut(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return word;
}

}  // namespace sdt::proc
