#include "kernel/program_config.h"

#include <asm/ptrace.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/overloaded.h"

namespace sdt::kernel {
namespace {

/// Room beside max_series for keys of processes that are not classified yet.
constexpr std::uint32_t unclassified_reserve = 1024;
/// Above this, per-CPU cells are given up for one shared hash.
constexpr std::uint64_t per_cpu_limit_bytes = 64ULL << 20;
/// struct htab_elem of the kernel's hash table (6.18), in bytes.
constexpr std::uint64_t element_header = 48;
constexpr std::uint32_t pair_entries_flat = 16384;
constexpr std::uint32_t pair_entries_stack = 2048;
constexpr std::uint32_t probe_entries_named = 3;  // a pair, and the entry for the rest
constexpr std::uint32_t probe_entries_glob = 1024;

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

std::uint8_t compare_of(spec::Compare compare) {
  switch (compare) {
    case spec::Compare::eq:
      return SDT_EQ;
    case spec::Compare::ne:
      return SDT_NE;
    case spec::Compare::lt:
      return SDT_LT;
    case spec::Compare::le:
      return SDT_LE;
    case spec::Compare::gt:
      return SDT_GT;
    case spec::Compare::ge:
      return SDT_GE;
  }
  return SDT_EQ;
}

/// Writes expressions into the step pool. The first thing that does not fit is remembered and
/// reported at the end.
class Writer {
 public:
  explicit Writer(sdt_program& program) : program_(program) {}

  sdt_expr expr(const spec::IntExpr& from) {
    const sdt_expr to{used_, static_cast<std::uint16_t>(from.steps.size())};
    if (from.steps.size() > SDT_MAX_STEPS || used_ + from.steps.size() > SDT_STEP_POOL) {
      complain(fmt::format("its expressions have more than {} steps together", SDT_STEP_POOL));
      return {};
    }
    for (const spec::Step& from_step : from.steps) program_.steps[used_++] = step(from_step);
    return to;
  }

  sdt_string string(const spec::ReadString& from) {
    sdt_string to{};
    to.kind = from.length ? SDT_STRING_COUNTED : SDT_STRING_POINTER;
    to.max_length = from.max_length;
    to.buffer = round_up_8(from.max_length + 1U);
    to.address = expr(from.address);
    if (from.length) to.length = expr(*from.length);
    return to;
  }

  static sdt_string comm() {
    sdt_string to{};
    to.kind = SDT_STRING_COMM;
    to.max_length = 15;
    to.buffer = 16;
    return to;
  }

  void complain(std::string why) {
    if (problem_.empty()) problem_ = std::move(why);
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  sdt_step step(const spec::Step& from) {
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
                   [&](const spec::Cast& cast) { typed(to, SDT_OP_CAST, cast.type); },
                   [&](const spec::Read& read) { typed(to, SDT_OP_READ, read.type); },
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

  static void typed(sdt_step& to, std::uint8_t op, spec::IntType type) {
    to.op = op;
    to.size = type.size;
    to.is_signed = type.is_signed ? 1 : 0;
  }

  /// Where start.argN is kept in a start record.
  std::uint8_t captured(std::uint8_t argument) {
    auto* const end = program_.captured + program_.captured_count;
    auto* const found = std::find(program_.captured, end, argument);
    if (found == end) {
      if (program_.captured_count == SDT_MAX_CAPTURED) {
        complain(
            fmt::format("it uses more than {} arguments of the start probe", SDT_MAX_CAPTURED));
        return 0;
      }
      *end = argument;
      ++program_.captured_count;
    }
    return static_cast<std::uint8_t>(found - program_.captured);
  }

  sdt_program& program_;
  std::uint16_t used_ = 0;
  std::string problem_;
};

CellKind cell_of(const spec::Metric& metric) {
  if (metric.type == spec::MetricType::histogram) return CellKind::histogram;
  const bool is_set = metric.type == spec::MetricType::gauge &&
                      !std::holds_alternative<spec::UpDown>(metric.source);
  if (is_set) return CellKind::last;
  const bool counts_ones =
      metric.value.steps.size() == 1 && metric.value.steps.front() == spec::Step{spec::Constant{1}};
  return counts_ones && metric.type == spec::MetricType::counter ? CellKind::count : CellKind::sum;
}

std::size_t words_of(CellKind cell, std::size_t bounds) {
  switch (cell) {
    case CellKind::count:
      return 1;
    case CellKind::sum:
    case CellKind::last:
      return 3;
    case CellKind::histogram:
      return 2 + bounds + 1;
  }
  return 1;
}

/// Labels whose value the program records; the others are known without it.
void configure_labels(const spec::Metric& metric, Writer& writer, ProgramConfig& config) {
  sdt_program& program = config.program;
  std::uint16_t offset = KeyLayout::header_size;
  const auto add = [&](sdt_field field, KeyField key_field) {
    field.offset = key_field.offset = offset;
    field.sign_bit = key_field.sign_bit = static_cast<std::uint8_t>(program.field_count);
    offset = static_cast<std::uint16_t>(offset + key_field.size);
    program.fields[program.field_count++] = field;
    config.layout.fields.push_back(key_field);
  };
  const auto add_string = [&](sdt_string string) {
    add({.kind = SDT_FIELD_STRING, .sign_bit = 0, .offset = 0, .expr = {}, .string = string},
        {.kind = KeyField::Kind::string, .size = string.buffer});
  };
  const auto add_probe = [&](KeyField::Kind kind) {
    add({.kind = SDT_FIELD_PROBE, .sign_bit = 0, .offset = 0, .expr = {}, .string = {}},
        {.kind = kind});
  };
  for (const spec::Label& label : metric.labels) {
    std::visit(Overloaded{
                   [&](const spec::IntExpr& expr) {
                     add({.kind = SDT_FIELD_INTEGER,
                          .sign_bit = 0,
                          .offset = 0,
                          .expr = writer.expr(expr),
                          .string = {}},
                         {.kind = KeyField::Kind::integer});
                   },
                   [&](const spec::ReadString& string) { add_string(writer.string(string)); },
                   [&](const spec::Attribute& attribute) {
                     if (attribute == spec::Attribute::comm) add_string(Writer::comm());
                     if (attribute == spec::Attribute::probe) add_probe(KeyField::Kind::probe);
                     if (attribute == spec::Attribute::provider)
                       add_probe(KeyField::Kind::provider);
                   },
                   [](const spec::Literal&) {},
               },
               label.value);
  }
  config.layout.size = program.key_size = offset;
  if (offset > SDT_MAX_KEY) {
    writer.complain(
        fmt::format("its labels take {} bytes, at most {} fit: shorten strings with str(x, LEN)",
                    offset, SDT_MAX_KEY));
  }
}

void configure_conditions(const spec::Metric& metric, Writer& writer, sdt_program& program) {
  for (const spec::Condition& from : metric.where) {
    sdt_condition to{};
    if (const auto* integers = std::get_if<spec::IntCondition>(&from)) {
      to.compare = compare_of(integers->compare);
      to.left = writer.expr(integers->left);
      to.right = writer.expr(integers->right);
    } else {
      const auto& strings = std::get<spec::StringCondition>(from);
      to.is_string = 1;
      to.compare = compare_of(strings.compare);
      if (const auto* read = std::get_if<spec::ReadString>(&strings.left)) {
        to.string = writer.string(*read);
      } else if (strings.left == spec::StringExpr{spec::Attribute::comm}) {
        to.string = Writer::comm();
      } else {
        continue;  // of the site or the process: decided when sites are selected, or at the drain
      }
      // A longer literal equals no string that the program can read; its first byte past the
      // buffer's text says so.
      std::memcpy(to.literal, strings.right.data(),
                  std::min(strings.right.size(), sizeof to.literal));
    }
    program.conditions[program.condition_count++] = to;
    program.needs_scratch |= to.is_string;
  }
}

/// Two's complement words, those of negative bounds first: both parts ascend as unsigned numbers.
void configure_bounds(const spec::Metric& metric, sdt_program& program) {
  for (const spec::Bound& bound : metric.bounds) {
    program.bounds[program.bound_count++] = static_cast<std::uint64_t>(bound.raw);
    if (bound.raw < 0) ++program.negative_bounds;
  }
}

void configure_source(const spec::Metric& metric, const ProgramOptions& options, Writer& writer,
                      sdt_program& program) {
  program.source = SDT_SOURCE_SINGLE;
  if (std::holds_alternative<spec::UpDown>(metric.source)) program.source = SDT_SOURCE_UP_DOWN;
  const auto* interval = std::get_if<spec::Interval>(&metric.source);
  if (interval == nullptr) return;
  program.source = SDT_SOURCE_INTERVAL;
  program.thread_keyed = interval->thread_keyed ? 1 : 0;
  program.task_storage = interval->thread_keyed && options.task_storage ? 1 : 0;
  switch (interval->nesting) {
    case spec::Nesting::last:
      program.nesting = SDT_NESTING_LAST;
      break;
    case spec::Nesting::outermost:
      program.nesting = SDT_NESTING_OUTERMOST;
      break;
    case spec::Nesting::stack:
      program.nesting = SDT_NESTING_STACK;
      break;
  }
  if (!interval->thread_keyed) {
    program.start_key = writer.expr(interval->start_key);
    program.end_key = writer.expr(interval->end_key);
  }
}

/// Where the kernel keeps a register of the traced thread.
std::uint8_t pt_regs_offset(elf::Register reg) {
  constexpr std::array<std::size_t, 17> offsets{
      offsetof(pt_regs, rax), offsetof(pt_regs, rbx), offsetof(pt_regs, rcx),
      offsetof(pt_regs, rdx), offsetof(pt_regs, rsi), offsetof(pt_regs, rdi),
      offsetof(pt_regs, rbp), offsetof(pt_regs, rsp), offsetof(pt_regs, r8),
      offsetof(pt_regs, r9),  offsetof(pt_regs, r10), offsetof(pt_regs, r11),
      offsetof(pt_regs, r12), offsetof(pt_regs, r13), offsetof(pt_regs, r14),
      offsetof(pt_regs, r15), offsetof(pt_regs, rip)};
  const auto number = static_cast<std::size_t>(reg);
  return number < offsets.size() ? static_cast<std::uint8_t>(offsets[number]) : SDT_NO_REGISTER;
}

bool has_glob(const spec::Metric& metric) {
  return std::visit(
      Overloaded{
          [](const spec::SingleProbe& single) { return !single.probe.is_literal(); },
          [](const spec::Interval& pair) {
            return !pair.start.is_literal() || !pair.end.is_literal();
          },
          [](const spec::UpDown& pair) { return !pair.inc.is_literal() || !pair.dec.is_literal(); },
      },
      metric.source);
}

/// Entries × (key + cells) of the series map.
std::uint64_t series_bytes(const MapSizes& maps, std::size_t key_size, std::size_t possible_cpus) {
  const std::uint64_t copies = maps.series_per_cpu ? possible_cpus : 1;
  return maps.series_entries * (element_header + key_size + copies * maps.cell_size);
}

MapSizes size_maps(const spec::Metric& metric, const ProgramOptions& options,
                   const ProgramConfig& config) {
  MapSizes maps;
  const sdt_program& program = config.program;
  const bool one_series = config.layout.fields.empty() && program.keep_pid == 0;
  maps.series_entries = (one_series ? 1 : metric.max_series) + unclassified_reserve;
  maps.cell_size = static_cast<std::uint32_t>(words_of(config.cell, metric.bounds.size()) *
                                              sizeof(std::uint64_t));
  // A gauge that is set has one true value, not one a CPU.
  maps.series_per_cpu =
      config.cell != CellKind::last &&
      series_bytes(maps, config.layout.size, options.possible_cpus) <= per_cpu_limit_bytes;
  maps.probe_entries = has_glob(metric) ? probe_entries_glob : probe_entries_named;
  if (program.source == SDT_SOURCE_INTERVAL && program.task_storage == 0) {
    const bool stack = program.nesting == SDT_NESTING_STACK;
    maps.pair_entries = stack ? pair_entries_stack : pair_entries_flat;
    if (stack) maps.pair_size = sizeof(sdt_start_stack);
    if (program.nesting == SDT_NESTING_OUTERMOST) maps.pair_size = sizeof(sdt_open_start);
  }
  return maps;
}

}  // namespace

ProgramOptions options_for(std::uint32_t target, const Features& features) {
  return {.target = target,
          .sleepable = features.sleepable,
          .task_storage = features.task_storage,
          .possible_cpus = features.possible_cpus,
          .pid_namespace = features.pid_namespace,
          .task_fields = features.task_fields};
}

Result<ProgramConfig> configure(const spec::Metric& metric, const ProgramOptions& options) {
  ProgramConfig config;
  sdt_program& program = config.program;
  Writer writer(program);
  config.cell = cell_of(metric);
  program.target = options.target;
  program.sleepable = options.sleepable ? 1 : 0;
  program.pid_ns_device = options.pid_namespace.device;
  program.pid_ns_inode = options.pid_namespace.inode;
  program.task_group_leader = options.task_fields.group_leader;
  program.task_start_boottime = options.task_fields.start_boottime;
  program.task_self_exec_id = options.task_fields.self_exec_id;
  program.cell = static_cast<std::uint8_t>(config.cell);
  program.keep_pid = spec::is_per_process(metric) ? 1 : 0;
  program.is_counter = metric.type == spec::MetricType::counter ? 1 : 0;
  program.value = writer.expr(metric.value);
  configure_source(metric, options, writer, program);
  configure_conditions(metric, writer, program);
  configure_labels(metric, writer, config);
  configure_bounds(metric, program);
  // A small key fits the program's stack; SMALL_KEY in series.bpf.h.
  if (program.key_size > 72) program.needs_scratch = 1;
  if (!writer.problem().empty()) return fail(Errc::exhausted, writer.problem());

  config.maps = size_maps(metric, options, config);
  program.probe_count = static_cast<std::uint16_t>(config.maps.probe_entries);
  return config;
}

sdt_site site_layout(const std::vector<elf::Argument>& arguments) {
  using Kind = elf::Argument::Kind;
  sdt_site site{};
  const std::size_t count = std::min<std::size_t>(arguments.size(), SDT_MAX_ARGS);
  for (std::size_t i = 0; i < count; ++i) {
    const elf::Argument& from = arguments[i];
    sdt_operand& to = site.args[i];
    if (from.kind == Kind::unavailable || from.is_float) continue;
    to.kind = from.kind == Kind::constant      ? SDT_OPERAND_CONSTANT
              : from.kind == Kind::in_register ? SDT_OPERAND_REGISTER
                                               : SDT_OPERAND_MEMORY;
    to.base = pt_regs_offset(from.base);
    to.index = pt_regs_offset(from.index);
    to.scale_shift = static_cast<std::uint8_t>(from.scale == 8 ? 3 : from.scale / 2);
    to.size = from.size;
    to.is_signed = from.is_signed ? 1 : 0;
    to.shift = from.shift;
    to.is_uint64 = from.size == 8 && !from.is_signed ? 1 : 0;
    to.offset = from.offset;
  }
  return site;
}

std::uint64_t map_bytes(const ProgramConfig& config, std::size_t possible_cpus) {
  const MapSizes& maps = config.maps;
  const bool has_pairs =
      config.program.source == SDT_SOURCE_INTERVAL && config.program.task_storage == 0;
  const std::uint64_t pairs =
      has_pairs ? maps.pair_entries * (element_header + sizeof(sdt_pair_key) + maps.pair_size) : 0;
  const std::uint64_t counters =
      (std::uint64_t{maps.probe_entries} + SDT_TALLY_COUNT) * sizeof(std::uint64_t) * possible_cpus;
  const std::uint64_t spills =
      SDT_MAX_SPILLS * (element_header + sizeof(sdt_process_key) + maps.cell_size);
  return series_bytes(maps, config.layout.size, possible_cpus) + pairs + spills + counters +
         maps.cell_size + sizeof(sdt_program);
}

}  // namespace sdt::kernel
