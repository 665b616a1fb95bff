#include "spec/parser.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "spec/arithmetic.h"
#include "spec/units.h"
#include "spec/vocabulary.h"
#include "spec/words.h"

namespace sdt::spec {
namespace {

constexpr int most_operators = 4;
constexpr int deepest_read = 4;
// Brackets only cost stack; nobody needs this many.
constexpr int deepest_bracket = 32;

std::string described(const Token& token) {
  switch (token.kind) {
    case Token::Kind::end:
      return "the end";
    case Token::Kind::literal:
      return fmt::format("the text {}", in_quotes(token.text));
    default:
      return in_quotes(token.text);
  }
}

std::optional<Int128> constant_of(const IntExpr& expr) {
  if (expr.steps.size() != 1) return std::nullopt;
  const auto* constant = std::get_if<Constant>(&expr.steps.front());
  return constant == nullptr ? std::nullopt : std::optional(constant->value);
}

}  // namespace

// ---- tokens

const Token& Parser::peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

Token Parser::next() {
  Token token = peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool Parser::accept(std::string_view symbol) {
  if (!peek().is(symbol)) return false;
  next();
  return true;
}

void Parser::expect(std::string_view symbol, std::string_view context) {
  if (accept(symbol)) return;
  fail(peek(), fmt::format("expected \"{}\" {}, found {}", symbol, context, described(peek())));
}

void Parser::fail(const Token& token, std::string message) {
  if (!error_) error_ = ExpressionError{token.position, std::move(message)};
  at_ = tokens_.size() - 1;
}

void Parser::expect_end() {
  const Token& token = peek();
  if (token.kind == Token::Kind::end) return;
  std::string hint;
  if (token.is("||")) hint = "; \"or\" is not part of the language: use two metrics or a label";
  if (token.is("^")) hint = "; the operators are + - * / % & | << >>";
  fail(token, fmt::format("expected an operator or the end, found {}{}", described(token), hint));
}

template <class T>
Parsed<T> Parser::finish(T result) {
  expect_end();
  if (error_) return tl::unexpected(*error_);
  return result;
}

Parsed<Expr> Parser::whole_expression() {
  Expr expr = value();
  return finish(std::move(expr));
}

Parsed<IntExpr> Parser::whole_integer() {
  IntExpr expr = integer();
  return finish(std::move(expr));
}

Parsed<std::vector<Condition>> Parser::whole_conditions() {
  std::vector<Condition> conditions;
  do {
    conditions.push_back(comparison());
  } while (accept("&&"));
  return finish(std::move(conditions));
}

// ---- conditions

Condition Parser::comparison() {
  Expr left = value();
  const Token symbol = peek();
  const Compare compare = compare_operator();
  if (auto* expr = std::get_if<IntExpr>(&left)) {
    if (at_string()) fail(peek(), "an integer cannot be compared with a text");
    return IntCondition{std::move(*expr), compare, integer()};
  }
  StringExpr text = std::visit(
      [](auto&& part) -> StringExpr {
        if constexpr (std::is_same_v<std::decay_t<decltype(part)>, IntExpr>) {
          return Literal{};  // handled above
        } else {
          return std::forward<decltype(part)>(part);
        }
      },
      std::move(left));
  return compare_text(std::move(text), compare, symbol);
}

Compare Parser::compare_operator() {
  const Token token = next();
  for (const auto& [symbol, compare] : vocabulary::comparisons) {
    if (token.is(symbol)) return compare;
  }
  std::string hint;
  if (token.is("=")) hint = "; did you mean \"==\"?";
  if (token.is(")")) hint = "; comparisons stand without brackets, joined by &&";
  fail(token,
       fmt::format("expected a comparison (== != < <= > >=), found {}{}", described(token), hint));
  return Compare::eq;
}

StringCondition Parser::compare_text(StringExpr left, Compare compare, const Token& symbol) {
  if (compare != Compare::eq && compare != Compare::ne) {
    fail(symbol, fmt::format("texts compare with == or != only, not with {}", symbol.text));
  }
  const Token right = next();
  if (right.kind != Token::Kind::literal) {
    fail(right, fmt::format("expected a text in double quotes on the right of {}, found {}",
                            symbol.text, described(right)));
  }
  const auto* read = std::get_if<ReadString>(&left);
  if (read != nullptr && right.text.size() > read->max_length) {
    fail(right, fmt::format("this text has {} bytes, but str() reads {} at most: the two are never "
                            "equal; give str() a length",
                            right.text.size(), read->max_length));
  }
  constexpr std::size_t longest_comm = 15;  // TASK_COMM_LEN of the kernel, without the NUL
  const auto* attribute = std::get_if<Attribute>(&left);
  if (attribute != nullptr && *attribute == Attribute::comm && right.text.size() > longest_comm) {
    fail(right, fmt::format("the kernel cuts comm to {} bytes, this text has {}: the two are never "
                            "equal",
                            longest_comm, right.text.size()));
  }
  return {std::move(left), compare, right.text};
}

// ---- values

bool Parser::at_string() const {
  const Token& token = peek();
  if (token.kind == Token::Kind::literal) return true;
  if (token.kind != Token::Kind::name) return false;
  return vocabulary::is_text_name(token.text);
}

Expr Parser::value() {
  if (!at_string()) return integer();
  return std::visit([](auto&& text) -> Expr { return std::forward<decltype(text)>(text); },
                    string());
}

StringExpr Parser::string() {
  const Token token = next();
  if (token.kind == Token::Kind::literal) return Literal{token.text};
  if (token.text == "str") return read_string();
  return *vocabulary::attribute(token.text);  // at_string() has seen that it is one
}

ReadString Parser::read_string() {
  expect("(", "after str");
  ReadString string;
  string.address = integer();
  if (accept(",")) {
    const Token second = peek();
    IntExpr length = integer();
    if (const auto constant = constant_of(length)) {
      string.max_length = string_length(second, *constant);
    } else {
      string.length = std::move(length);
    }
  }
  if (string.length && accept(",")) {
    const Token third = peek();
    const auto constant = constant_of(integer());
    if (!constant) fail(third, "the third part of str(x, length, LEN) must be a constant");
    string.max_length = string_length(third, constant.value_or(1));
  }
  const bool cut = peek().kind == Token::Kind::end;
  expect(")", cut ? "at the end of str(…; in YAML's {…} style an expression with a comma needs "
                    "quotes around it"
                  : "at the end of str(…");
  return string;
}

std::uint16_t Parser::string_length(const Token& token, Int128 length) {
  if (length < 1 || length > ReadString::largest_length) {
    fail(token, fmt::format("a text may have 1 to {} bytes, not {}", ReadString::largest_length,
                            to_decimal(length)));
    return ReadString::default_length;
  }
  return static_cast<std::uint16_t>(length);
}

// ---- integers

IntExpr Parser::integer() {
  const Token start = peek();
  Int result = chain();
  if (result.steps.size() > IntExpr::max_steps) {
    fail(start, fmt::format("this expression takes {} steps, at most {} are possible: every "
                            "argument, constant, operator, cast and read is one, \"x - y\" two",
                            result.steps.size(), IntExpr::max_steps));
  }
  return IntExpr{std::move(result.steps)};
}

Parser::Int Parser::chain() {
  if (++depth_ > deepest_bracket) {
    fail(peek(), fmt::format("more than {} brackets, one inside another", deepest_bracket));
  }
  Int left = operand();
  Token previous;
  for (int count = 1; arithmetic_operator(peek().text) && peek().kind == Token::Kind::symbol;
       ++count) {
    const Token symbol = next();
    if (count > most_operators) {
      fail(symbol, fmt::format("more than {} operators in a row", most_operators));
    }
    warn_where_c_differs(previous, symbol);
    left = join(std::move(left), symbol, operand());
    previous = symbol;
  }
  --depth_;
  return left;
}

Parser::Int Parser::join(Int left, const Token& symbol, const Int& right) {
  const auto op = arithmetic_operator(symbol.text);
  if (error_ || !op) return left;
  auto steps = combine(std::move(left.steps), *op, right.steps);
  if (!steps) {
    fail(symbol, steps.error());
    return {};
  }
  return {*std::move(steps), std::max(left.read_depth, right.read_depth)};
}

void Parser::warn_where_c_differs(const Token& previous, const Token& symbol) {
  const auto before = arithmetic_operator(previous.text);
  const auto now = arithmetic_operator(symbol.text);
  if (!before || !now || precedence_in_c(*now) <= precedence_in_c(*before)) return;
  warnings_.push_back(
      {symbol.position, fmt::format("operators are taken from left to right, so \"{}\" comes "
                                    "before \"{}\" here; put what is meant first in brackets",
                                    previous.text, symbol.text)});
}

Parser::Int Parser::operand() {
  if (peek().kind == Token::Kind::number) return number(false);
  const Token token = next();
  if (token.is("(")) return parenthesised();
  if (token.is("*")) return read(token);
  if (token.is("-")) {
    if (peek().kind == Token::Kind::number) return number(true);
    fail(token, "only a constant can be negative; write 0 - x");
    return {};
  }
  if (token.kind == Token::Kind::name) return named(token);
  fail(token,
       fmt::format("expected an integer ({}), found {}", vocabulary::integers, described(token)));
  return {};
}

Parser::Int Parser::parenthesised() {
  if (vocabulary::int_type(peek().text) && peek(1).is(")")) {
    fail(peek(), fmt::format("a cast is written {}(x)", peek().text));
    return {};
  }
  Int inner = chain();
  expect(")", "to close the bracket");
  return inner;
}

Parser::Int Parser::number(bool negative) {
  const Token token = next();
  const auto whole = parse_whole(token.text);
  if (!whole) {
    fail(token, whole.error());
    return {};
  }
  const Int128 value = negative ? -*whole : *whole;
  if (value < std::numeric_limits<std::int64_t>::min()) {
    fail(token, fmt::format("{} is out of range: the smallest integer is {}", to_decimal(value),
                            std::numeric_limits<std::int64_t>::min()));
  }
  return {{Constant{value}}, 0};
}

IntType Parser::type_name() {
  const Token token = next();
  if (const auto type = vocabulary::int_type(token.text)) return *type;
  fail(token, fmt::format("expected a type ({}), found {}{}", spec::join(vocabulary::type_names),
                          described(token), did_you_mean(token.text, vocabulary::type_names)));
  return {};
}

Parser::Int Parser::cast(IntType type) {
  expect("(", "after the type of a cast, as in uint32(x)");
  Int inner = chain();
  expect(")", "to close the cast");
  inner.steps.emplace_back(Cast{type});
  return inner;
}

Parser::Int Parser::read(const Token& star) {
  constexpr std::string_view form = "of a read, *(uint32*)(x)";
  expect("(", form);
  const IntType type = type_name();
  expect("*", form);
  expect(")", form);
  // Reads nest without brackets too: **…
  if (++depth_ > deepest_bracket) fail(star, "too many reads, one inside another");
  Int address = operand();
  --depth_;
  if (++address.read_depth > deepest_read) {
    fail(star, fmt::format("reads of memory may nest {} deep", deepest_read));
  }
  address.steps.emplace_back(Read{type});
  return address;
}

Parser::Int Parser::named(const Token& name) {
  if (const auto type = vocabulary::int_type(name.text)) return cast(*type);
  const auto load = vocabulary::source(name.text);
  if (load && *load) return {{**load}, 0};
  if (!load) {
    fail(name, load.error());
  } else if (vocabulary::is_text_name(name.text)) {
    fail(name, fmt::format("{} is a text, but an integer must stand here", in_quotes(name.text)));
  } else {
    fail(name, fmt::format("unknown name {}{} (integers: {}; texts: {}, or a literal, which in "
                           "YAML needs two pairs of quotes: '\"{}\"')",
                           in_quotes(name.text), did_you_mean(name.text, vocabulary::names),
                           vocabulary::integers, vocabulary::texts, name.text));
  }
  return {};
}

}  // namespace sdt::spec
