// UTF-8, strictly.
//
// Purpose:   strings read from other programs' memory become label values that every Prometheus
//            accepts.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>
#include <string_view>

namespace sdt::metrics {

/// The text with U+FFFD in place of each byte that is not part of a well-formed UTF-8 sequence
/// (RFC 3629: shortest form only, no surrogates, nothing above U+10FFFF) and of each NUL.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

}  // namespace sdt::metrics
