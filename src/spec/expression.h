// Expressions of the spec language, parsed and checked.
//
// Purpose:   the form in which an expression travels from its text to the BPF program: a straight
//            line of steps over one accumulator (and one saved value for `x - y`), so that the
//            kernel side needs no parser, no recursion and no allocation.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/int128.h"
#include "base/result.h"

namespace sdt::spec {

/// int8 … uint64.
struct IntType {
  std::uint8_t size = 8;  ///< bytes: 1, 2, 4 or 8
  bool is_signed = false;
  friend bool operator==(const IntType&, const IntType&) = default;
};

enum class Source : std::uint8_t {
  argument,
  start_argument,
  elapsed,
  pid,
  tid,
  uid,
  gid,
  cpu,
  nsecs
};

/// accumulator = source. `index` is N of argN and start.argN.
struct Load {
  Source source = Source::argument;
  std::uint8_t index = 0;
  friend bool operator==(const Load&, const Load&) = default;
};
/// accumulator = value (int64 or uint64 range).
struct Constant {
  Int128 value = 0;
  friend bool operator==(const Constant&, const Constant&) = default;
};
/// accumulator = (type)accumulator.
struct Cast {
  IntType type;
  friend bool operator==(const Cast&, const Cast&) = default;
};
/// accumulator = *(type*)accumulator, in the memory of the traced process.
struct Read {
  IntType type;
  friend bool operator==(const Read&, const Read&) = default;
};
/// accumulator = accumulator OP operand. Division and modulo never have operand 0; shifts are 0
/// … 63.
struct Arithmetic {
  enum class Op : std::uint8_t { add, sub, mul, div, mod, bit_and, bit_or, shl, shr };
  Op op = Op::add;
  std::int64_t operand = 0;
  friend bool operator==(const Arithmetic&, const Arithmetic&) = default;
};
/// saved = accumulator; the next step loads the right side of `x - y`.
struct Save {
  friend bool operator==(const Save&, const Save&) = default;
};
/// accumulator = saved - accumulator, as a signed number.
struct SubtractFromSaved {
  friend bool operator==(const SubtractFromSaved&, const SubtractFromSaved&) = default;
};

using Step = std::variant<Load, Constant, Cast, Read, Arithmetic, Save, SubtractFromSaved>;

/// At most 16 steps; never empty; the first is a Load or a Constant.
struct IntExpr {
  static constexpr std::size_t max_steps = 16;
  std::vector<Step> steps;
  friend bool operator==(const IntExpr&, const IntExpr&) = default;
};

/// str(address), str(address, N), str(address, length).
struct ReadString {
  static constexpr std::uint16_t default_length = 64;
  static constexpr std::uint16_t largest_length = 128;
  IntExpr address;
  std::uint16_t max_length = default_length;  ///< bytes; longer strings are cut and counted
  std::optional<IntExpr> length;              ///< when set, so many bytes and no NUL to look for
  friend bool operator==(const ReadString&, const ReadString&) = default;
};

/// Strings that are known without reading memory. `comm` belongs to the thread (16 bytes with its
/// NUL), `probe` and `provider` to the site, the others to the process.
enum class Attribute : std::uint8_t {
  comm,
  probe,
  provider,
  exe,
  cgroup,
  unit,
  container,
  pod,
  pod_namespace,
  container_name,
};
/// Known to the daemon alone: the kernel records the process, not this.
[[nodiscard]] constexpr bool is_of_process(Attribute attribute) {
  return attribute >= Attribute::exe;
}
/// Those that say where a process runs.
[[nodiscard]] constexpr bool is_of_placement(Attribute attribute) {
  return attribute >= Attribute::cgroup;
}

struct Literal {
  std::string text;
  friend bool operator==(const Literal&, const Literal&) = default;
};

using StringExpr = std::variant<ReadString, Attribute, Literal>;
using Expr = std::variant<IntExpr, ReadString, Attribute, Literal>;

enum class Compare : std::uint8_t { eq, ne, lt, le, gt, ge };

struct IntCondition {
  IntExpr left;
  Compare compare = Compare::eq;
  IntExpr right;
  friend bool operator==(const IntCondition&, const IntCondition&) = default;
};
/// `compare` is eq or ne.
struct StringCondition {
  StringExpr left;
  Compare compare = Compare::eq;
  std::string right;
  friend bool operator==(const StringCondition&, const StringCondition&) = default;
};
using Condition = std::variant<IntCondition, StringCondition>;

/// Every N of argN / of start.argN that an expression reads, sorted, each once.
[[nodiscard]] std::vector<std::uint8_t> arguments_of(const IntExpr& expr, Source source);
[[nodiscard]] bool uses(const IntExpr& expr, Source source);

/// The integer expressions inside: the expression itself, or the address and length of a read
/// string. The pointers live as long as the argument.
[[nodiscard]] std::vector<const IntExpr*> integers_of(const Expr& expr);
[[nodiscard]] std::vector<const IntExpr*> integers_of(const Condition& condition);

/// Where in the text a mistake is (0-based byte) and what would have been right.
struct ExpressionError {
  std::size_t position = 0;
  std::string message;
};
template <class T>
using Parsed = tl::expected<T, ExpressionError>;

/// Something that is legal and may not mean what its reader thinks.
using ExpressionWarning = ExpressionError;
using ExpressionWarnings = std::vector<ExpressionWarning>;

/// Parse one expression of any type / an integer expression / comparisons joined by &&.
/// Errors say what was found and what may stand there. Operators are taken from left to right,
/// without precedence; where C would group them otherwise, a warning is added to `warnings`.
[[nodiscard]] Parsed<Expr> parse_expression(std::string_view text,
                                            ExpressionWarnings* warnings = nullptr);
[[nodiscard]] Parsed<IntExpr> parse_integer(std::string_view text,
                                            ExpressionWarnings* warnings = nullptr);
[[nodiscard]] Parsed<std::vector<Condition>> parse_conditions(
    std::string_view text, ExpressionWarnings* warnings = nullptr);

}  // namespace sdt::spec
