// Integer and text expressions: which steps a text becomes, and what is said about a wrong one.
#include "spec/expression.h"

#include <limits>

#include <gmock/gmock.h>

namespace sdt::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Op = Arithmetic::Op;

constexpr IntType u8{1, false};
constexpr IntType u32{4, false};
constexpr IntType i32{4, true};
constexpr IntType u64{8, false};

Load arg(std::uint8_t n) {
  return {Source::argument, n};
}

std::vector<Step> steps_of(std::string_view text) {
  const auto parsed = parse_integer(text);
  if (!parsed) {
    ADD_FAILURE() << text << ": " << parsed.error().message;
    return {};
  }
  return parsed->steps;
}

// The error of a text that must not parse, as "position: message".
std::string error_of(std::string_view text) {
  const auto parsed = parse_expression(text);
  if (parsed) return "no error";
  return std::to_string(parsed.error().position) + ": " + parsed.error().message;
}

TEST(IntegerExpression, ReadsEverySource) {
  EXPECT_THAT(steps_of("arg0"), ElementsAre(Step(arg(0))));
  EXPECT_THAT(steps_of("arg11"), ElementsAre(Step(arg(11))));
  EXPECT_THAT(steps_of("start.arg3"), ElementsAre(Step(Load{Source::start_argument, 3})));
  EXPECT_THAT(steps_of("elapsed"), ElementsAre(Step(Load{Source::elapsed, 0})));
  EXPECT_THAT(steps_of("pid"), ElementsAre(Step(Load{Source::pid, 0})));
  EXPECT_THAT(steps_of("tid"), ElementsAre(Step(Load{Source::tid, 0})));
  EXPECT_THAT(steps_of("uid"), ElementsAre(Step(Load{Source::uid, 0})));
  EXPECT_THAT(steps_of("gid"), ElementsAre(Step(Load{Source::gid, 0})));
  EXPECT_THAT(steps_of("cpu"), ElementsAre(Step(Load{Source::cpu, 0})));
  EXPECT_THAT(steps_of("nsecs"), ElementsAre(Step(Load{Source::nsecs, 0})));
}

TEST(IntegerExpression, ConstantsAreDecimalHexadecimalNegativeOrHaveAUnit) {
  EXPECT_THAT(steps_of("42"), ElementsAre(Step(Constant{42})));
  EXPECT_THAT(steps_of("0x1F"), ElementsAre(Step(Constant{31})));
  EXPECT_THAT(steps_of("-7"), ElementsAre(Step(Constant{-7})));
  EXPECT_THAT(steps_of("10ms"), ElementsAre(Step(Constant{10'000'000})));
  EXPECT_THAT(steps_of("1.5us"), ElementsAre(Step(Constant{1'500})));
  EXPECT_THAT(steps_of("4KiB"), ElementsAre(Step(Constant{4096})));
  EXPECT_THAT(steps_of("18446744073709551615"),
              ElementsAre(Step(Constant{std::numeric_limits<std::uint64_t>::max()})));
  EXPECT_THAT(steps_of("-9223372036854775808"),
              ElementsAre(Step(Constant{std::numeric_limits<std::int64_t>::min()})));
}

TEST(IntegerExpression, EveryTypeCanBeCastTo) {
  const std::vector<std::pair<std::string, IntType>> types = {
      {"int8", {1, true}},   {"int16", {2, true}},   {"int32", {4, true}},   {"int64", {8, true}},
      {"uint8", {1, false}}, {"uint16", {2, false}}, {"uint32", {4, false}}, {"uint64", {8, false}},
  };
  for (const auto& [name, type] : types) {
    EXPECT_THAT(steps_of(name + "(arg1)"), ElementsAre(Step(arg(1)), Step(Cast{type}))) << name;
  }
}

TEST(IntegerExpression, EveryOperatorTakesAConstantOnItsRight) {
  const std::vector<std::pair<std::string, Op>> operators = {
      {"+", Op::add},     {"-", Op::sub},    {"*", Op::mul},  {"/", Op::div},  {"%", Op::mod},
      {"&", Op::bit_and}, {"|", Op::bit_or}, {"<<", Op::shl}, {">>", Op::shr},
  };
  for (const auto& [symbol, op] : operators) {
    EXPECT_THAT(steps_of("arg0 " + symbol + " 3"),
                ElementsAre(Step(arg(0)), Step(Arithmetic{op, 3})))
        << symbol;
  }
}

TEST(IntegerExpression, OperatorsAreTakenFromLeftToRight) {
  EXPECT_THAT(steps_of("arg0 + 1 * 2 - 3 >> 4"),
              ElementsAre(Step(arg(0)), Step(Arithmetic{Op::add, 1}), Step(Arithmetic{Op::mul, 2}),
                          Step(Arithmetic{Op::sub, 3}), Step(Arithmetic{Op::shr, 4})));
}

TEST(IntegerExpression, WarnsWhereCWouldGroupOtherwise) {
  ExpressionWarnings warnings;
  ASSERT_TRUE(parse_integer("arg0 + 8 * 2", &warnings));
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].position, 9U);
  EXPECT_THAT(warnings[0].message, HasSubstr("left to right, so \"+\" comes before \"*\""));
}

TEST(IntegerExpression, DoesNotWarnWhereBothWaysAgreeOrBracketsTell) {
  ExpressionWarnings warnings;
  ASSERT_TRUE(parse_integer("arg0 * 8 + 2 - 1", &warnings));
  ASSERT_TRUE(parse_integer("(arg0 + 8) * 2", &warnings));
  ASSERT_TRUE(parse_integer("arg0 + (8 * 2)", &warnings));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(IntegerExpression, ConstantsAmongThemselvesAreWorkedOut) {
  EXPECT_THAT(steps_of("arg0 / (4 * 1024)"),
              ElementsAre(Step(arg(0)), Step(Arithmetic{Op::div, 4096})));
  EXPECT_THAT(steps_of("1 << 20"), ElementsAre(Step(Constant{1 << 20})));
  EXPECT_THAT(steps_of("(7 % 4 | 8) & 10"), ElementsAre(Step(Constant{10})));
  EXPECT_THAT(steps_of("-7 / 2"), ElementsAre(Step(Constant{-3})));
}

TEST(IntegerExpression, MasksMayHaveAll64Bits) {
  EXPECT_THAT(steps_of("arg0 & 0xffffffffffffff00"),
              ElementsAre(Step(arg(0)), Step(Arithmetic{Op::bit_and, -256})));
}

TEST(IntegerExpression, MemoryReadsBindTightlyAndNest) {
  EXPECT_THAT(steps_of("*(uint32*)(arg0 + 16)"),
              ElementsAre(Step(arg(0)), Step(Arithmetic{Op::add, 16}), Step(Read{u32})));
  EXPECT_THAT(steps_of("*(uint64*)arg0 + 4"),
              ElementsAre(Step(arg(0)), Step(Read{u64}), Step(Arithmetic{Op::add, 4})));
  EXPECT_THAT(
      steps_of("*(uint8*)(*(uint64*)(arg1+8))"),
      ElementsAre(Step(arg(1)), Step(Arithmetic{Op::add, 8}), Step(Read{u64}), Step(Read{u8})));
}

TEST(IntegerExpression, DifferencesKeepTheLeftSide) {
  EXPECT_THAT(steps_of("arg1 - arg0"),
              ElementsAre(Step(arg(1)), Step(Save{}), Step(arg(0)), Step(SubtractFromSaved{})));
  EXPECT_THAT(steps_of("100 - int32(arg0)"),
              ElementsAre(Step(Constant{100}), Step(Save{}), Step(arg(0)), Step(Cast{i32}),
                          Step(SubtractFromSaved{})));
}

TEST(IntegerExpression, DifferencesFollowOneAnother) {
  EXPECT_THAT(steps_of("arg0 - arg1 - (arg2 * 2) + 5"),
              ElementsAre(Step(arg(0)), Step(Save{}), Step(arg(1)), Step(SubtractFromSaved{}),
                          Step(Save{}), Step(arg(2)), Step(Arithmetic{Op::mul, 2}),
                          Step(SubtractFromSaved{}), Step(Arithmetic{Op::add, 5})));
}

TEST(IntegerExpression, ADifferenceOnTheRightOfADifferenceIsRefusedWithARewrite) {
  EXPECT_EQ(error_of("arg0 - (arg1 - arg2)"),
            "5: the right side of \"-\" holds another \"x - y\", and only one value can be kept; "
            "write a - (b - c) as (b - c - a) * -1");
}

TEST(IntegerExpression, OnlyMinusTakesAnyIntegerOnItsRight) {
  EXPECT_THAT(error_of("arg0 + arg1"), HasSubstr("5: the right side of \"+\" must be a constant"));
  EXPECT_THAT(error_of("2 * arg1"), HasSubstr("swap the two sides: x * constant"));
}

TEST(IntegerExpression, ImpossibleConstantsAreRefusedWhereTheyStand) {
  EXPECT_EQ(error_of("arg0 / 0"), "5: division by zero");
  EXPECT_EQ(error_of("arg0 % 0"), "5: division by zero");
  EXPECT_EQ(error_of("arg0 << 64"), "5: a shift by 64: it must be between 0 and 63");
  EXPECT_EQ(error_of("arg0 >> -1"), "5: a shift by -1: it must be between 0 and 63");
  EXPECT_THAT(error_of("arg0 + 9223372036854775808"),
              HasSubstr("5: 9223372036854775808 is out of"));
  EXPECT_THAT(error_of("18446744073709551616"), HasSubstr("0: 18446744073709551616 does not fit"));
  EXPECT_THAT(error_of("-9223372036854775809"), HasSubstr("1: -9223372036854775809 is out of"));
  EXPECT_THAT(error_of("0xfffffffffffffffff"), HasSubstr("does not fit into 64 bits"));
  EXPECT_THAT(error_of("18446744073709551615 * 9223372036854775807"), HasSubstr("does not fit"));
  EXPECT_THAT(error_of("1 << 63 << 63"), HasSubstr("does not fit into 64 bits"));
  EXPECT_THAT(error_of("0.5ns"), HasSubstr("0.5ns is not a whole number of nanoseconds"));
  EXPECT_THAT(error_of("10mss"), HasSubstr("\"mss\" is no unit (durations: ns, us, ms"));
}

TEST(IntegerExpression, ProbesHaveTwelveArguments) {
  EXPECT_EQ(error_of("arg12"),
            "0: there is no arg12: a probe has at most 12 arguments, arg0 to arg11");
  EXPECT_THAT(error_of("start.arg12"), HasSubstr("start.arg0 to start.arg11"));
  EXPECT_THAT(error_of("arg01"), HasSubstr("there is no arg01"));
  EXPECT_THAT(error_of("arg99999999999999999999"), HasSubstr("at most 12 arguments"));
}

TEST(IntegerExpression, AtMostFourOperatorsInARow) {
  EXPECT_EQ(steps_of("arg0 + 1 + 2 + 3 + 4").size(), 5U);
  EXPECT_EQ(error_of("arg0 + 1 + 2 + 3 + 4 + 5"), "21: more than 4 operators in a row");
  EXPECT_EQ(steps_of("(arg0 + 1 + 2 + 3 + 4) + 5").size(), 6U);
}

TEST(IntegerExpression, AtMostSixteenSteps) {
  const std::string fifteen = "(((arg0+1+1+1+1)+1+1+1+1)+1+1+1+1)+1+1";
  EXPECT_EQ(steps_of(fifteen + "+1").size(), 16U);
  EXPECT_THAT(error_of(fifteen + "+1+1"),
              HasSubstr("0: this expression takes 17 steps, at most 16 are possible"));
}

TEST(IntegerExpression, ReadsNestFourDeep) {
  const std::string read = "*(uint64*)";
  EXPECT_EQ(steps_of(read + read + read + read + "arg0").size(), 5U);
  EXPECT_EQ(error_of(read + read + read + read + read + "arg0"),
            "0: reads of memory may nest 4 deep");
  EXPECT_EQ(steps_of("(" + read + read + "arg0) - (" + read + read + read + "arg1)").size(), 9U);
}

TEST(IntegerExpression, EndlessNestingIsRefusedEarly) {
  EXPECT_THAT(error_of(std::string(500, '(') + "arg0"), HasSubstr("more than 32 brackets"));
  std::string reads;
  for (int i = 0; i < 90; ++i) reads += "*(uint8*)";
  EXPECT_THAT(error_of(reads + "arg0"), HasSubstr("too many reads"));
  EXPECT_EQ(error_of(std::string(1001, ' ')),
            "0: the expression is 1001 bytes long, at most 1000 are allowed");
}

TEST(IntegerExpression, SlipsOfOtherLanguagesGetAHint) {
  EXPECT_EQ(error_of("(int32)arg0"), "1: a cast is written int32(x)");
  EXPECT_EQ(error_of("-arg0"), "0: only a constant can be negative; write 0 - x");
  EXPECT_THAT(error_of("agr0"), HasSubstr("0: unknown name \"agr0\"; did you mean \"arg0\"?"));
  EXPECT_THAT(error_of("*(u32*)(arg0)"),
              HasSubstr("2: expected a type (int8, int16, int32, int64, uint8"));
  EXPECT_THAT(error_of("arg0 ^ 1"), HasSubstr("5: expected an operator or the end, found \"^\""));
  EXPECT_THAT(error_of("'text'"), HasSubstr("text stands in double quotes"));
  EXPECT_THAT(error_of("arg0 arg1"), HasSubstr("5: expected an operator or the end"));
  EXPECT_THAT(error_of("(arg0"),
              HasSubstr("5: expected \")\" to close the bracket, found the end"));
  EXPECT_THAT(error_of(""), HasSubstr("0: expected an integer (argN, start.argN"));
  EXPECT_THAT(error_of("arg0 +"), HasSubstr("6: expected an integer"));
  EXPECT_THAT(error_of("arg0 @ 1"), HasSubstr("5: \"@\" has no meaning here"));
  EXPECT_THAT(error_of("int32 arg0"), HasSubstr("expected \"(\" after the type of a cast"));
  EXPECT_THAT(error_of("uint32(comm)"), HasSubstr("7: \"comm\" is a text, but an integer must"));
}

TEST(IntegerExpression, ATextIsNoInteger) {
  const auto parsed = parse_integer("str(arg0)");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "\"str\" is a text, but an integer must stand here");
}

TEST(TextExpression, ReadsAStringAtAnAddress) {
  const auto parsed = parse_expression("str(*(uint64*)(arg1+8))");
  ASSERT_TRUE(parsed);
  const auto& string = std::get<ReadString>(*parsed);
  EXPECT_THAT(string.address.steps,
              ElementsAre(Step(arg(1)), Step(Arithmetic{Op::add, 8}), Step(Read{u64})));
  EXPECT_EQ(string.max_length, 64);
  EXPECT_FALSE(string.length);
}

TEST(TextExpression, TakesALengthALengthArgumentOrBoth) {
  const auto limited = std::get<ReadString>(*parse_expression("str(arg0, 128)"));
  EXPECT_EQ(limited.max_length, 128);
  EXPECT_FALSE(limited.length);

  const auto counted = std::get<ReadString>(*parse_expression("str(arg0, arg1)"));
  EXPECT_EQ(counted.max_length, 64);
  EXPECT_EQ(counted.length, IntExpr{{arg(1)}});

  const auto both = std::get<ReadString>(*parse_expression("str(arg0, arg1, 100)"));
  EXPECT_EQ(both.max_length, 100);
  EXPECT_EQ(both.length, IntExpr{{arg(1)}});
}

TEST(TextExpression, LengthsAreFrom1To128) {
  EXPECT_EQ(error_of("str(arg0, 0)"), "10: a text may have 1 to 128 bytes, not 0");
  EXPECT_EQ(error_of("str(arg0, 129)"), "10: a text may have 1 to 128 bytes, not 129");
  EXPECT_THAT(error_of("str(arg0, arg1, arg2)"), HasSubstr("16: the third part of str"));
  EXPECT_THAT(error_of("str(arg0, 8, 9)"), HasSubstr("expected \")\""));
}

TEST(TextExpression, KnowsAttributesAndLiterals) {
  EXPECT_EQ(*parse_expression("comm"), Expr(Attribute::comm));
  EXPECT_EQ(*parse_expression("exe"), Expr(Attribute::exe));
  EXPECT_EQ(*parse_expression("probe"), Expr(Attribute::probe));
  EXPECT_EQ(*parse_expression("provider"), Expr(Attribute::provider));
  EXPECT_EQ(*parse_expression("\"a \\\"b\\\" \\\\ \\n\\t\\xe9\""),
            Expr(Literal{"a \"b\" \\ \n\t\xe9"}));
  EXPECT_EQ(*parse_expression("\"\""), Expr(Literal{""}));
}

TEST(TextExpression, PlacesOfTheProcess) {
  EXPECT_EQ(*parse_expression("cgroup"), Expr(Attribute::cgroup));
  EXPECT_EQ(*parse_expression("unit"), Expr(Attribute::unit));
  EXPECT_EQ(*parse_expression("container"), Expr(Attribute::container));
  EXPECT_EQ(*parse_expression("pod"), Expr(Attribute::pod));
  EXPECT_EQ(*parse_expression("namespace"), Expr(Attribute::pod_namespace));
  EXPECT_EQ(*parse_expression("container_name"), Expr(Attribute::container_name));
}

TEST(TextExpression, BrokenLiteralsAreRefused) {
  EXPECT_EQ(error_of("\"abc"), "0: this text has no closing double quote");
  EXPECT_THAT(error_of("\"a\\q\""), HasSubstr("2: unknown escape"));
  EXPECT_THAT(error_of("\"a\\x00\""), HasSubstr("2: unknown escape"));
  EXPECT_THAT(error_of("\"a\\"), HasSubstr("2: unknown escape"));
}

TEST(TextExpression, ACutFlowMappingIsExplained) {
  EXPECT_THAT(error_of("str(arg0"), HasSubstr("an expression with a comma needs quotes"));
}

TEST(ExpressionQueries, ListTheArgumentsOnceAndSorted) {
  const auto expr = *parse_integer("arg5 - (arg2 - 1) - arg5 - start.arg7");
  EXPECT_THAT(arguments_of(expr, Source::argument), ElementsAre(2, 5));
  EXPECT_THAT(arguments_of(expr, Source::start_argument), ElementsAre(7));
  EXPECT_TRUE(uses(expr, Source::argument));
  EXPECT_FALSE(uses(expr, Source::elapsed));
}

TEST(ExpressionQueries, FindTheIntegersInsideOfTexts) {
  const auto expr = *parse_expression("str(arg0, arg1)");
  const auto integers = integers_of(expr);
  ASSERT_EQ(integers.size(), 2U);
  EXPECT_EQ(*integers[0], IntExpr{{arg(0)}});
  EXPECT_EQ(*integers[1], IntExpr{{arg(1)}});
  EXPECT_THAT(integers_of(Expr(Attribute::comm)), IsEmpty());
}

}  // namespace
}  // namespace sdt::spec
