// Expressions of the spec language. What was understood, written out and read again, is the same.
#include <array>
#include <string>
#include <variant>

#include "base/overloaded.h"
#include "fuzz.h"
#include "spec/arithmetic.h"
#include "spec/expression.h"
#include "spec/lexer.h"

namespace sdt::fuzz {
namespace {

using namespace spec;

std::string written(const IntType& type) {
  return (type.is_signed ? "int" : "uint") + std::to_string(8 * type.size);
}

std::string written(const Load& load) {
  switch (load.source) {
    case Source::argument:
      return "arg" + std::to_string(load.index);
    case Source::start_argument:
      return "start.arg" + std::to_string(load.index);
    case Source::elapsed:
      return "elapsed";
    case Source::pid:
      return "pid";
    case Source::tid:
      return "tid";
    case Source::uid:
      return "uid";
    case Source::gid:
      return "gid";
    case Source::cpu:
      return "cpu";
    case Source::nsecs:
      return "nsecs";
  }
  return {};
}

std::string written(const IntExpr& expr) {
  std::string text;
  std::string saved;
  for (const Step& step : expr.steps) {
    text = std::visit(
        Overloaded{
            [](const Load& load) { return written(load); },
            [](const Constant& constant) { return to_decimal(constant.value); },
            [&](const Cast& cast) { return written(cast.type) + "(" + text + ")"; },
            [&](const Read& read) { return "*(" + written(read.type) + "*)(" + text + ")"; },
            [&](const Arithmetic& sum) {
              return "(" + text + ") " + std::string(symbol_of(sum.op)) + " " +
                     std::to_string(sum.operand);
            },
            [&](const Save&) {
              saved = text;
              return std::string();
            },
            [&](const SubtractFromSaved&) { return "(" + saved + ") - (" + text + ")"; },
        },
        step);
  }
  return text;
}

std::string written(const Literal& literal) {
  std::string text = "\"";
  for (const char c : literal.text) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

std::string written(Attribute attribute) {
  constexpr std::array<const char*, 10> names = {"comm",      "probe",         "provider",  "exe",
                                                 "cgroup",    "unit",          "container", "pod",
                                                 "namespace", "container_name"};
  return names.at(static_cast<std::size_t>(attribute));
}

std::string written(const ReadString& read) {
  const std::string address = "str(" + written(read.address) + ", ";
  const std::string most = std::to_string(read.max_length) + ")";
  return read.length ? address + written(*read.length) + ", " + most : address + most;
}

template <class... Parts>
std::string written(const std::variant<Parts...>& expr) {
  return std::visit([](const auto& part) { return written(part); }, expr);
}

std::string written(Compare compare) {
  constexpr const char* symbols[] = {" == ", " != ", " < ", " <= ", " > ", " >= "};
  return symbols[static_cast<std::size_t>(compare)];
}

std::string written(const IntCondition& condition) {
  return written(condition.left) + written(condition.compare) + written(condition.right);
}

std::string written(const StringCondition& condition) {
  return written(condition.left) + written(condition.compare) + written(Literal{condition.right});
}

std::string written(const std::vector<Condition>& conditions) {
  std::string text;
  for (const Condition& condition : conditions) {
    if (!text.empty()) text += " && ";
    text += std::visit([](const auto& part) { return written(part); }, condition);
  }
  return text;
}

void check(const IntExpr& expr) {
  must(!expr.steps.empty() && expr.steps.size() <= IntExpr::max_steps, "1 to 16 steps");
  const Step& first = expr.steps.front();
  must(std::holds_alternative<Load>(first) || std::holds_alternative<Constant>(first),
       "the first step is a load or a constant");
  for (const Step& step : expr.steps) {
    const auto* arithmetic = std::get_if<Arithmetic>(&step);
    if (arithmetic == nullptr) continue;
    const auto op = arithmetic->op;
    const bool divides = op == Arithmetic::Op::div || op == Arithmetic::Op::mod;
    const bool shifts = op == Arithmetic::Op::shl || op == Arithmetic::Op::shr;
    must(!divides || arithmetic->operand != 0, "no division by zero");
    must(!shifts || (arithmetic->operand >= 0 && arithmetic->operand < 64), "shifts by 0 to 63");
  }
}

void check(const Expr& expr) {
  for (const IntExpr* integer : integers_of(expr)) check(*integer);
}

void check(const std::vector<Condition>& conditions) {
  must(!conditions.empty(), "at least one condition");
  for (const Condition& condition : conditions) {
    for (const IntExpr* integer : integers_of(condition)) check(*integer);
  }
}

template <class Parse>
void try_with(Parse parse, std::string_view text) {
  ExpressionWarnings warnings;
  const auto parsed = parse(text, &warnings);
  for (const ExpressionWarning& warning : warnings) {
    must(warning.position <= text.size() && !warning.message.empty(), "a warning has a place");
  }
  if (!parsed) {
    must(parsed.error().position <= text.size(), "a mistake is inside the text");
    must(!parsed.error().message.empty(), "a mistake is said");
    return;
  }
  check(*parsed);
  const std::string again = written(*parsed);
  if (again.size() > longest_expression) return;
  const auto reparsed = parse(again, nullptr);
  must(reparsed.has_value(), again);
  must(*reparsed == *parsed, again);
}

}  // namespace
}  // namespace sdt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sdt;
  const std::string_view text = fuzz::Input(data, size).rest();
  fuzz::try_with(spec::parse_expression, text);
  fuzz::try_with(spec::parse_integer, text);
  fuzz::try_with(spec::parse_conditions, text);
  return 0;
}
