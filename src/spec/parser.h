// Recursive descent over the tokens of one expression.
//
// Purpose:   the grammar. Code is produced while parsing: an integer expression is the list of
//            steps that computes it, so that joining two of them is joining lists.
// Ownership: owns the tokens; one object an expression.
// Thread:    any, one at a time.
//
// After a mistake the parser goes on as if the text had ended, which every rule copes with; only
// the first mistake is kept, and what the rules returned since is dropped.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/expression.h"
#include "spec/lexer.h"

namespace sdt::spec {

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  [[nodiscard]] Parsed<Expr> whole_expression();
  [[nodiscard]] Parsed<IntExpr> whole_integer();
  [[nodiscard]] Parsed<std::vector<Condition>> whole_conditions();

  [[nodiscard]] const ExpressionWarnings& warnings() const { return warnings_; }

 private:
  /// An integer on its way: its steps and how many reads stand one inside another.
  struct Int {
    std::vector<Step> steps;
    int read_depth = 0;
  };

  // One rule of the grammar each.
  Expr value();
  Condition comparison();
  IntExpr integer();
  Int chain();
  Int operand();
  Int parenthesised();
  Int number(bool negative);
  Int cast(IntType type);
  Int read(const Token& star);
  Int named(const Token& name);
  StringExpr string();
  ReadString read_string();

  // Parts of rules.
  Int join(Int left, const Token& symbol, const Int& right);
  void warn_where_c_differs(const Token& previous, const Token& symbol);
  IntType type_name();
  Compare compare_operator();
  StringCondition compare_text(StringExpr left, Compare compare, const Token& symbol);
  std::uint16_t string_length(const Token& token, Int128 length);

  // Tokens.
  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
  Token next();
  bool accept(std::string_view symbol);
  void expect(std::string_view symbol, std::string_view context);
  [[nodiscard]] bool at_string() const;
  void fail(const Token& token, std::string message);
  void expect_end();
  template <class T>
  Parsed<T> finish(T result);

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::optional<ExpressionError> error_;
  ExpressionWarnings warnings_;
};

}  // namespace sdt::spec
