#include "spec/expression.h"

#include <algorithm>
#include <set>

#include "spec/lexer.h"
#include "spec/parser.h"

namespace sdt::spec {
namespace {

template <class T>
Parsed<T> parse_with(Parsed<T> (Parser::*rule)(), std::string_view text,
                     ExpressionWarnings* warnings) {
  auto tokens = tokenize(text);
  if (!tokens) return tl::unexpected(tokens.error());
  Parser parser(*std::move(tokens));
  Parsed<T> result = (parser.*rule)();
  if (result && warnings != nullptr) {
    warnings->insert(warnings->end(), parser.warnings().begin(), parser.warnings().end());
  }
  return result;
}

// Of any variant that may hold an IntExpr or a ReadString.
template <class Variant>
std::vector<const IntExpr*> integers_in(const Variant& expr) {
  std::vector<const IntExpr*> found;
  std::visit(
      [&found](const auto& part) {
        using Part = std::decay_t<decltype(part)>;
        if constexpr (std::is_same_v<Part, IntExpr>) {
          found.push_back(&part);
        } else if constexpr (std::is_same_v<Part, ReadString>) {
          found.push_back(&part.address);
          if (part.length) found.push_back(&*part.length);
        }
      },
      expr);
  return found;
}

}  // namespace

std::vector<std::uint8_t> arguments_of(const IntExpr& expr, Source source) {
  std::set<std::uint8_t> found;
  for (const Step& step : expr.steps) {
    const auto* load = std::get_if<Load>(&step);
    if (load != nullptr && load->source == source) found.insert(load->index);
  }
  return {found.begin(), found.end()};
}

bool uses(const IntExpr& expr, Source source) {
  return std::any_of(expr.steps.begin(), expr.steps.end(), [source](const Step& step) {
    const auto* load = std::get_if<Load>(&step);
    return load != nullptr && load->source == source;
  });
}

std::vector<const IntExpr*> integers_of(const Expr& expr) {
  return integers_in(expr);
}

std::vector<const IntExpr*> integers_of(const Condition& condition) {
  if (const auto* integer = std::get_if<IntCondition>(&condition)) {
    return {&integer->left, &integer->right};
  }
  return integers_in(std::get<StringCondition>(condition).left);
}

Parsed<Expr> parse_expression(std::string_view text, ExpressionWarnings* warnings) {
  return parse_with(&Parser::whole_expression, text, warnings);
}

Parsed<IntExpr> parse_integer(std::string_view text, ExpressionWarnings* warnings) {
  return parse_with(&Parser::whole_integer, text, warnings);
}

Parsed<std::vector<Condition>> parse_conditions(std::string_view text,
                                                ExpressionWarnings* warnings) {
  return parse_with(&Parser::whole_conditions, text, warnings);
}

}  // namespace sdt::spec
