// The words of an expression.
//
// Purpose:   text → tokens with their positions; nothing is judged here but what no token can be.
// Ownership: tokens own their text (a literal's escapes are resolved).
// Thread:    any; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "spec/expression.h"

namespace sdt::spec {

struct Token {
  enum class Kind {
    end,
    name,     ///< arg0, start.arg1, comm, uint32 …
    number,   ///< starts with a digit, suffix included: 16, 0x1f, 10ms
    literal,  ///< "text", without its quotes
    symbol,   ///< an operator or bracket
  };
  Kind kind = Kind::end;
  std::string text;
  std::size_t position = 0;

  [[nodiscard]] bool is(std::string_view symbol) const {
    return kind == Kind::symbol && text == symbol;
  }
};

/// Expressions longer than this are refused before they are read.
inline constexpr std::size_t longest_expression = 1000;

/// The tokens of the text, the last of kind `end`.
[[nodiscard]] Parsed<std::vector<Token>> tokenize(std::string_view text);

}  // namespace sdt::spec
