#include "spec/lexer.h"

#include <array>
#include <cctype>

#include <fmt/format.h>

#include "spec/words.h"

namespace sdt::spec {
namespace {

// Longest first, so that << is not two of <. Those that only occur in mistakes (=, ||, !, ^, ~)
// are tokens too: the parser knows better what to say about them.
constexpr std::array<std::string_view, 25> symbols = {
    "&&", "||", "<<", ">>", "==", "!=", "<=", ">=", "->", "(", ")", ",", "+",
    "-",  "*",  "/",  "%",  "&",  "|",  "<",  ">",  "=",  "!", "^", "~"};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

tl::unexpected<ExpressionError> mistake(std::size_t position, std::string message) {
  return tl::unexpected(ExpressionError{position, std::move(message)});
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Parsed<Token> next() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    if (at_ == text_.size()) return Token{Token::Kind::end, "", at_};
    const char c = text_[at_];
    if (c == '"') return literal();
    if (is_word(c)) return word(is_digit(c) ? Token::Kind::number : Token::Kind::name);
    for (const std::string_view symbol : symbols) {
      if (text_.substr(at_).starts_with(symbol)) {
        const std::size_t start = at_;
        at_ += symbol.size();
        return Token{Token::Kind::symbol, std::string(symbol), start};
      }
    }
    if (c == '\'') return mistake(at_, "text stands in double quotes: \"text\"");
    return mistake(at_, fmt::format("{} has no meaning here", in_quotes(text_.substr(at_, 1))));
  }

 private:
  // Names may hold points (start.arg0), numbers too (1.5ms).
  Token word(Token::Kind kind) {
    const std::size_t start = at_;
    while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '.')) ++at_;
    return Token{kind, std::string(text_.substr(start, at_ - start)), start};
  }

  Parsed<Token> literal() {
    Token token{Token::Kind::literal, "", at_++};
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] != '\\') {
        token.text += text_[at_++];
        continue;
      }
      const auto escaped = escape();
      if (!escaped) return tl::unexpected(escaped.error());
      token.text += *escaped;
    }
    if (at_ == text_.size()) {
      return mistake(token.position, "this text has no closing double quote");
    }
    ++at_;
    return token;
  }

  Parsed<char> escape() {
    const std::size_t start = at_++;
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    switch (c) {
      case '"':
      case '\\':
        return c;
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'x':
        if (at_ + 1 < text_.size()) {
          const int value = hex_value(text_[at_]) * 16 + hex_value(text_[at_ + 1]);
          if (hex_value(text_[at_]) >= 0 && hex_value(text_[at_ + 1]) >= 0 && value > 0) {
            at_ += 2;
            return static_cast<char>(value);
          }
        }
        break;
      default:
        break;
    }
    return mistake(start, "unknown escape (allowed: \\\" \\\\ \\n \\t and \\x01 to \\xff)");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Parsed<std::vector<Token>> tokenize(std::string_view text) {
  if (text.size() > longest_expression) {
    return mistake(0, fmt::format("the expression is {} bytes long, at most {} are allowed",
                                  text.size(), longest_expression));
  }
  Lexer lexer(text);
  std::vector<Token> tokens;
  do {
    auto token = lexer.next();
    if (!token) return tl::unexpected(token.error());
    tokens.push_back(*std::move(token));
  } while (tokens.back().kind != Token::Kind::end);
  return tokens;
}

}  // namespace sdt::spec
