// `where`: comparisons joined by &&.
#include <gmock/gmock.h>

#include "spec/expression.h"

namespace sdt::spec {
namespace {

using testing::HasSubstr;

IntExpr arg(std::uint8_t n) {
  return IntExpr{{Load{Source::argument, n}}};
}
IntExpr constant(Int128 value) {
  return IntExpr{{Constant{value}}};
}

std::string error_of(std::string_view text) {
  const auto parsed = parse_conditions(text);
  if (parsed) return "no error";
  return std::to_string(parsed.error().position) + ": " + parsed.error().message;
}

TEST(Conditions, EveryComparisonOfIntegers) {
  const std::vector<std::pair<std::string, Compare>> comparisons = {
      {"==", Compare::eq}, {"!=", Compare::ne}, {"<", Compare::lt},
      {"<=", Compare::le}, {">", Compare::gt},  {">=", Compare::ge},
  };
  for (const auto& [symbol, compare] : comparisons) {
    const auto parsed = parse_conditions("arg1" + symbol + "3");
    ASSERT_TRUE(parsed) << symbol;
    EXPECT_EQ(parsed->front(), Condition(IntCondition{arg(1), compare, constant(3)})) << symbol;
  }
}

TEST(Conditions, AreJoinedByAnd) {
  const auto parsed = parse_conditions("elapsed > 10ms && comm != \"psql\" && arg0 & 1 == 0");
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->size(), 3U);
  EXPECT_EQ((*parsed)[0], Condition(IntCondition{IntExpr{{Load{Source::elapsed, 0}}}, Compare::gt,
                                                 constant(10'000'000)}));
  EXPECT_EQ((*parsed)[1], Condition(StringCondition{Attribute::comm, Compare::ne, "psql"}));
  const IntExpr masked{{Load{Source::argument, 0}, Arithmetic{Arithmetic::Op::bit_and, 1}}};
  EXPECT_EQ((*parsed)[2], Condition(IntCondition{masked, Compare::eq, constant(0)}));
}

TEST(Conditions, BothSidesMayBeAnyInteger) {
  const auto parsed = parse_conditions("arg0 + 1 >= *(uint64*)(arg1) - arg2");
  ASSERT_TRUE(parsed);
  const auto& condition = std::get<IntCondition>(parsed->front());
  EXPECT_EQ(condition.left.steps.size(), 2U);
  EXPECT_EQ(condition.right.steps.size(), 5U);
  EXPECT_EQ(integers_of(parsed->front()).size(), 2U);
}

TEST(Conditions, TextsCompareWithALiteral) {
  const auto parsed = parse_conditions("str(arg0, 16) == \"main\"");
  ASSERT_TRUE(parsed);
  ReadString string;
  string.address = arg(0);
  string.max_length = 16;
  EXPECT_EQ(parsed->front(), Condition(StringCondition{string, Compare::eq, "main"}));
}

TEST(Conditions, TextsHaveNoOrder) {
  EXPECT_EQ(error_of("comm < \"x\""), "5: texts compare with == or != only, not with <");
  EXPECT_THAT(error_of("comm == arg0"), HasSubstr("8: expected a text in double quotes"));
  EXPECT_EQ(error_of("arg0 == comm"), "8: an integer cannot be compared with a text");
}

TEST(Conditions, TextsThatCanNeverBeEqualAreRefused) {
  EXPECT_THAT(error_of("str(arg0, 3) == \"four\""),
              HasSubstr("16: this text has 4 bytes, but str() reads 3 at most"));
  EXPECT_EQ(error_of("str(arg0, 4) == \"four\""), "no error");
  EXPECT_EQ(error_of("container == \"\""), "no error");
  EXPECT_THAT(error_of("comm == \"sixteen-letters!\""), HasSubstr("cuts comm to 15 bytes"));
}

TEST(Conditions, SlipsGetAHint) {
  EXPECT_THAT(error_of("arg0 = 1"), HasSubstr("5: expected a comparison (== != < <= > >=), found "
                                              "\"=\"; did you mean \"==\"?"));
  EXPECT_THAT(error_of("arg0 == 1 || arg1 == 2"), HasSubstr("10: expected an operator or the end, "
                                                            "found \"||\"; \"or\" is not part"));
  EXPECT_THAT(error_of("(arg0 == 1)"), HasSubstr("6: expected \")\""));
  EXPECT_THAT(error_of("arg0"), HasSubstr("4: expected a comparison"));
  EXPECT_THAT(error_of("arg0 == 1 &&"), HasSubstr("12: expected an integer"));
  EXPECT_THAT(error_of("arg0 < arg1 < 3"), HasSubstr("12: expected an operator or the end"));
}

}  // namespace
}  // namespace sdt::spec
