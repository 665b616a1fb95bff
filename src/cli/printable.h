// Foreign text, fit for a terminal.
//
// Purpose:   names and label values come out of other people's files and memory; whoever wrote them
//            does not get at the terminal of the one who looks.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sdt::cli {

/// The text with every byte as \xNN that is not UTF-8, or part of a character that is not seen: one
/// that controls the terminal, or that turns the direction of writing.
[[nodiscard]] std::string printable(std::string_view text);

/// How many columns such a text takes: one for each character. Wide ones take two, which nobody
/// knows for sure but the terminal.
[[nodiscard]] std::size_t columns(std::string_view printable);

/// Such a text in at most so many columns, the last being "…" where something is left out.
[[nodiscard]] std::string cut(std::string_view printable, std::size_t most_columns);

}  // namespace sdt::cli
