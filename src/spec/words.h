// Words for messages: lists of what is allowed, and the nearest of them.
//
// Purpose:   every error names what would have been right.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sdt::spec {

/// "a, b, c".
[[nodiscard]] std::string join(std::span<const std::string_view> words);

/// The word that `text` was most likely meant to be; empty when none is close. Close means at most
/// one slip (a letter too much, missing, other, or two swapped) for every three letters, and at
/// most two.
[[nodiscard]] std::string_view closest(std::string_view text,
                                       std::span<const std::string_view> words);

/// `; did you mean "x"?` or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view text,
                                       std::span<const std::string_view> words);

/// Text in double quotes for a message: control characters shown as escapes, long text cut.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace sdt::spec
