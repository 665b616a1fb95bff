#include "kernel/expression_writer.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/overloaded.h"

namespace sdt::kernel {
namespace {

std::uint16_t round_up_8(std::size_t size) {
  return static_cast<std::uint16_t>((size + 7) / 8 * 8);
}

std::uint8_t op_of(spec::Arithmetic::Op op) {
  using Op = spec::Arithmetic::Op;
  switch (op) {
    case Op::add:
      return SDT_OP_ADD;
    case Op::sub:
      return SDT_OP_SUB;
    case Op::mul:
      return SDT_OP_MUL;
    case Op::div:
      return SDT_OP_DIV;
    case Op::mod:
      return SDT_OP_MOD;
    case Op::bit_and:
      return SDT_OP_AND;
    case Op::bit_or:
      return SDT_OP_OR;
    case Op::shl:
      return SDT_OP_SHL;
    case Op::shr:
      return SDT_OP_SHR;
  }
  return SDT_OP_ADD;
}

std::uint8_t op_of(spec::Source source) {
  switch (source) {
    case spec::Source::argument:
      return SDT_OP_ARGUMENT;
    case spec::Source::start_argument:
      return SDT_OP_CAPTURED;
    case spec::Source::elapsed:
      return SDT_OP_ELAPSED;
    case spec::Source::pid:
      return SDT_OP_PID;
    case spec::Source::tid:
      return SDT_OP_TID;
    case spec::Source::uid:
      return SDT_OP_UID;
    case spec::Source::gid:
      return SDT_OP_GID;
    case spec::Source::cpu:
      return SDT_OP_CPU;
    case spec::Source::nsecs:
      return SDT_OP_NSECS;
  }
  return SDT_OP_ARGUMENT;
}

void set_typed(sdt_step& to, std::uint8_t op, spec::IntType type) {
  to.op = op;
  to.size = type.size;
  to.is_signed = type.is_signed ? 1 : 0;
}

}  // namespace

sdt_expr ExpressionWriter::expr(const spec::IntExpr& from) {
  const sdt_expr to{used_, static_cast<std::uint16_t>(from.steps.size())};
  if (from.steps.size() > SDT_MAX_STEPS || used_ + from.steps.size() > SDT_STEP_POOL) {
    complain(fmt::format("its expressions have more than {} steps together", SDT_STEP_POOL));
    return {};
  }
  for (const spec::Step& from_step : from.steps) program_.steps[used_++] = step(from_step);
  return to;
}

sdt_string ExpressionWriter::string(const spec::ReadString& from) {
  sdt_string to{};
  to.kind = from.length ? SDT_STRING_COUNTED : SDT_STRING_POINTER;
  to.max_length = from.max_length;
  to.buffer = round_up_8(from.max_length + 1U);
  to.address = expr(from.address);
  if (from.length) to.length = expr(*from.length);
  return to;
}

sdt_string ExpressionWriter::comm() {
  sdt_string to{};
  to.kind = SDT_STRING_COMM;
  to.max_length = 15;
  to.buffer = 16;
  return to;
}

void ExpressionWriter::complain(std::string why) {
  if (problem_.empty()) problem_ = std::move(why);
}

sdt_step ExpressionWriter::step(const spec::Step& from) {
  sdt_step to{};
  std::visit(Overloaded{
                 [&](const spec::Load& load) {
                   to.op = op_of(load.source);
                   to.index = load.source == spec::Source::start_argument ? captured(load.index)
                                                                          : load.index;
                 },
                 [&](const spec::Constant& constant) {
                   to.op = SDT_OP_CONSTANT;
                   to.imm = static_cast<std::int64_t>(constant.value);
                   to.is_signed =
                       constant.value <= std::numeric_limits<std::int64_t>::max() ? 1 : 0;
                 },
                 [&](const spec::Cast& cast) { set_typed(to, SDT_OP_CAST, cast.type); },
                 [&](const spec::Read& read) { set_typed(to, SDT_OP_READ, read.type); },
                 [&](const spec::Arithmetic& arithmetic) {
                   to.op = op_of(arithmetic.op);
                   to.imm = arithmetic.operand;
                 },
                 [&](const spec::Save&) { to.op = SDT_OP_SAVE; },
                 [&](const spec::SubtractFromSaved&) { to.op = SDT_OP_SUB_FROM_SAVED; },
             },
             from);
  return to;
}

/// Where start.argN is kept in a start record.
std::uint8_t ExpressionWriter::captured(std::uint8_t argument) {
  auto* const end = program_.captured + program_.captured_count;
  auto* const found = std::find(program_.captured, end, argument);
  if (found == end) {
    if (program_.captured_count == SDT_MAX_CAPTURED) {
      complain(fmt::format("it uses more than {} arguments of the start probe", SDT_MAX_CAPTURED));
      return 0;
    }
    *end = argument;
    ++program_.captured_count;
  }
  return static_cast<std::uint8_t>(found - program_.captured);
}

}  // namespace sdt::kernel
