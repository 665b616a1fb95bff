#include "spec/arithmetic.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

namespace sdt::spec {
namespace {

struct Operator {
  Op op;
  std::string_view symbol;
  int precedence;
};

constexpr std::array operators = {
    Operator{Op::mul, "*", 5},  Operator{Op::div, "/", 5},     Operator{Op::mod, "%", 5},
    Operator{Op::add, "+", 4},  Operator{Op::sub, "-", 4},     Operator{Op::shl, "<<", 3},
    Operator{Op::shr, ">>", 3}, Operator{Op::bit_and, "&", 2}, Operator{Op::bit_or, "|", 1},
};

constexpr Int128 smallest = std::numeric_limits<std::int64_t>::min();
constexpr Int128 largest = std::numeric_limits<std::int64_t>::max();
constexpr Int128 largest_unsigned = std::numeric_limits<std::uint64_t>::max();

using Steps = std::vector<Step>;
using Combined = tl::expected<Steps, std::string>;

std::optional<Int128> constant_of(const Steps& steps) {
  if (steps.size() != 1) return std::nullopt;
  const auto* constant = std::get_if<Constant>(&steps.front());
  return constant == nullptr ? std::nullopt : std::optional(constant->value);
}

bool keeps_a_value(const Steps& steps) {
  return std::any_of(steps.begin(), steps.end(),
                     [](const Step& step) { return std::holds_alternative<Save>(step); });
}

// What is wrong with this constant on the right of the operator; empty when nothing is.
std::string objection(Op op, Int128 operand) {
  switch (op) {
    case Op::div:
    case Op::mod:
      if (operand == 0) return "division by zero";
      break;
    case Op::shl:
    case Op::shr:
      if (operand < 0 || operand > 63) {
        return fmt::format("a shift by {}: it must be between 0 and 63", to_decimal(operand));
      }
      break;
    case Op::bit_and:
    case Op::bit_or:
      return {};  // a mask: all 64 bits may be set
    default:
      break;
  }
  if (operand > largest) {
    return fmt::format("{} is out of range: beside \"{}\" a constant must be between {} and {}",
                       to_decimal(operand), symbol_of(op), to_decimal(smallest),
                       to_decimal(largest));
  }
  return {};
}

// Constants among themselves, exact. Both are within 64 bits, so that 128 hold every result but a
// far shift to the left, which is caught first.
Combined fold(Int128 left, Op op, Int128 right) {
  Int128 value = 0;
  switch (op) {
    case Op::add:
      value = left + right;
      break;
    case Op::sub:
      value = left - right;
      break;
    case Op::mul:
      // The product of two uint64 does not fit; the range check below needs no more than "too big".
      if (__builtin_mul_overflow(left, right, &value)) value = largest_unsigned + 1;
      break;
    case Op::div:
      value = left / right;
      break;
    case Op::mod:
      value = left % right;
      break;
    case Op::bit_and:
      value = left & right;
      break;
    case Op::bit_or:
      value = left | right;
      break;
    case Op::shl:
      if (__builtin_mul_overflow(left, Int128{1} << static_cast<int>(right), &value)) {
        value = largest_unsigned + 1;
      }
      break;
    case Op::shr:
      value = left >> static_cast<int>(right);
      break;
  }
  if (value < smallest || value > largest_unsigned) {
    return tl::unexpected(
        std::string("the result of this constant calculation does not fit into "
                    "64 bits"));
  }
  return Steps{Constant{value}};
}

Combined with_constant(Steps left, Op op, Int128 operand) {
  if (std::string wrong = objection(op, operand); !wrong.empty()) {
    return tl::unexpected(std::move(wrong));
  }
  if (const auto constant = constant_of(left)) return fold(*constant, op, operand);
  left.emplace_back(Arithmetic{op, static_cast<std::int64_t>(static_cast<std::uint64_t>(operand))});
  return left;
}

// One value can be kept while the other is worked out.
Combined subtract(Steps left, const Steps& right) {
  if (keeps_a_value(right)) {
    return tl::unexpected(
        std::string("the right side of \"-\" holds another \"x - y\", and only one value can be "
                    "kept; write a - (b - c) as (b - c - a) * -1"));
  }
  left.emplace_back(Save{});
  left.insert(left.end(), right.begin(), right.end());
  left.emplace_back(SubtractFromSaved{});
  return left;
}

}  // namespace

std::optional<Op> arithmetic_operator(std::string_view symbol) {
  for (const Operator& entry : operators) {
    if (entry.symbol == symbol) return entry.op;
  }
  return std::nullopt;
}

std::string_view symbol_of(Op op) {
  return std::find_if(operators.begin(), operators.end(),
                      [op](const Operator& entry) { return entry.op == op; })
      ->symbol;
}

int precedence_in_c(Op op) {
  return std::find_if(operators.begin(), operators.end(),
                      [op](const Operator& entry) { return entry.op == op; })
      ->precedence;
}

Combined combine(Steps left, Op op, const Steps& right) {
  if (const auto operand = constant_of(right)) return with_constant(std::move(left), op, *operand);
  if (op == Op::sub) return subtract(std::move(left), right);
  const bool swaps = op == Op::add || op == Op::mul || op == Op::bit_and || op == Op::bit_or;
  return tl::unexpected(fmt::format(
      "the right side of \"{0}\" must be a constant (only \"-\" takes any integer there){1}",
      symbol_of(op),
      constant_of(left) && swaps ? fmt::format("; swap the two sides: x {} constant", symbol_of(op))
                                 : ""));
}

}  // namespace sdt::spec
