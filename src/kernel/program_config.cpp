#include "kernel/program_config.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/overloaded.h"
#include "kernel/expression_writer.h"

namespace sdt::kernel {
namespace {

/// Room beside max_series for keys of processes that are not classified yet: a process may show
/// every label set before it is judged, and then all of them again as a member.
constexpr std::uint32_t smallest_reserve = 1024;
/// Above this, per-CPU cells are given up for one shared hash.
constexpr std::uint64_t per_cpu_limit_bytes = 64ULL << 20;
/// struct htab_elem of the kernel's hash table (6.18), in bytes.
constexpr std::uint64_t element_header = 48;
constexpr std::uint32_t pair_entries_flat = 16384;
constexpr std::uint32_t pair_entries_stack = 2048;
constexpr std::uint32_t probe_entries_named = 3;  // a pair, and the entry for the rest
constexpr std::uint32_t probe_entries_glob = 1024;

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

CellKind cell_of(const spec::Metric& metric) {
  if (metric.type == spec::MetricType::histogram) return CellKind::histogram;
  const bool is_set = metric.type == spec::MetricType::gauge &&
                      !std::holds_alternative<spec::UpDown>(metric.source);
  if (is_set) {
    switch (metric.aggregate) {
      case spec::Aggregate::last:
        return CellKind::last;
      case spec::Aggregate::min:
        return CellKind::min;
      case spec::Aggregate::max:
        return CellKind::max;
    }
  }
  const bool counts_ones =
      metric.value.steps.size() == 1 && metric.value.steps.front() == spec::Step{spec::Constant{1}};
  return counts_ones && metric.type == spec::MetricType::counter ? CellKind::count : CellKind::sum;
}

std::size_t words_of(CellKind cell, std::size_t bounds, bool has_fraction) {
  const std::size_t fraction = has_fraction ? 1 : 0;
  switch (cell) {
    case CellKind::count:
      return 1;
    case CellKind::sum:
    case CellKind::last:
      return 3 + fraction;
    case CellKind::histogram:
      return 2 + bounds + 1 + fraction;
    case CellKind::min:
    case CellKind::max:
      return has_fraction ? 8 : 4;
  }
  return 1;
}

/// Labels whose value the program records; the others are known without it.
void configure_labels(const spec::Metric& metric, ExpressionWriter& writer, ProgramConfig& config) {
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
                     if (attribute == spec::Attribute::comm) add_string(ExpressionWriter::comm());
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

void configure_conditions(const spec::Metric& metric, ExpressionWriter& writer,
                          sdt_program& program) {
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
        to.string = ExpressionWriter::comm();
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
    program.bound_fractions[program.bound_count] = bound.fraction;
    program.bounds[program.bound_count++] = static_cast<std::uint64_t>(bound.raw);
    if (bound.raw < 0) ++program.negative_bounds;
  }
}

void configure_source(const spec::Metric& metric, const ProgramOptions& options,
                      ExpressionWriter& writer, sdt_program& program) {
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
  const std::uint32_t most_series = one_series ? 1 : metric.max_series;
  maps.series_entries = most_series + std::max(most_series, smallest_reserve);
  maps.cell_size = static_cast<std::uint32_t>(
      words_of(config.cell, metric.bounds.size(), metric.keeps_fraction) * sizeof(std::uint64_t));
  // The last value of a gauge is one, not one a CPU.
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
  ExpressionWriter writer(program);
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
  program.keeps_fraction = metric.keeps_fraction ? 1 : 0;
  program.value = writer.expr(metric.value);  // first: captured[0] is its start.argN
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
