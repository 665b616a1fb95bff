// What the BPF program of a metric is told.
#include "kernel/program_config.h"

#include <asm/ptrace.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>

namespace sdt::kernel {
namespace {

using spec::Source;

spec::IntExpr argument(std::uint8_t index) {
  return {{spec::Load{Source::argument, index}}};
}

spec::Metric counter() {
  spec::Metric metric;
  metric.name = "sales_total";
  metric.source = spec::SingleProbe{{Glob("shop"), Glob("sale")}};
  metric.value = {{spec::Constant{1}}};
  metric.max_series = 1000;
  return metric;
}

spec::Metric interval(spec::Nesting nesting, bool thread_keyed) {
  spec::Metric metric = counter();
  metric.type = spec::MetricType::histogram;
  metric.value = {{spec::Load{Source::elapsed, 0}}};
  metric.bounds = {{1e-6, 1000}, {1e-3, 1'000'000}};
  spec::Interval pair{.start = {Glob("shop"), Glob("enter")},
                      .end = {Glob("shop"), Glob("leave")},
                      .thread_keyed = thread_keyed,
                      .start_key = argument(0),
                      .end_key = argument(2),
                      .nesting = nesting};
  metric.source = pair;
  return metric;
}

TEST(Configure, CountsOnesInOneWord) {
  const auto config = configure(counter(), {});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->cell, CellKind::count);
  EXPECT_EQ(config->maps.cell_size, 8U);
  EXPECT_EQ(config->program.key_size, KeyLayout::header_size);
}

TEST(Configure, SumsAnyOtherValue) {
  spec::Metric metric = counter();
  metric.value = argument(0);
  const auto config = configure(metric, {});
  EXPECT_EQ(config->cell, CellKind::sum);
  EXPECT_EQ(config->maps.cell_size, 24U);
  EXPECT_EQ(config->program.is_counter, 1);
}

TEST(Configure, GivesAHistogramAWordForEachBucketAndTwoForTheSum) {
  const auto config = configure(interval(spec::Nesting::last, true), {});
  EXPECT_EQ(config->cell, CellKind::histogram);
  EXPECT_EQ(config->maps.cell_size, 8U * (2 + 3));
}

TEST(MapSizes, EveryLabelSetHasRoomTwice) {
  // Once of a process that is not judged yet, and once of the member that it turns out to be.
  spec::Metric metric = counter();
  metric.labels = {{"n", argument(0), {}}};
  metric.max_series = 5000;
  EXPECT_EQ(configure(metric, {})->maps.series_entries, 10000U);
  metric.max_series = 10;
  EXPECT_EQ(configure(metric, {})->maps.series_entries, 10U + 1024U);
  EXPECT_EQ(configure(counter(), {})->maps.series_entries, 1U + 1024U);
}

TEST(Configure, KeepsOneCopyOfAGaugeThatIsSet) {
  spec::Metric metric = counter();
  metric.type = spec::MetricType::gauge;
  metric.value = argument(0);
  const auto config = configure(metric, {.possible_cpus = 64});
  EXPECT_EQ(config->cell, CellKind::last);
  EXPECT_FALSE(config->maps.series_per_cpu);
}

TEST(Configure, KeepsTheExtremesOfAGaugeOnEveryCpu) {
  spec::Metric metric = counter();
  metric.type = spec::MetricType::gauge;
  metric.value = argument(0);
  for (const auto& [aggregate, cell] : {std::pair{spec::Aggregate::min, CellKind::min},
                                        std::pair{spec::Aggregate::max, CellKind::max}}) {
    metric.aggregate = aggregate;
    const auto config = configure(metric, {.possible_cpus = 2});
    EXPECT_EQ(config->cell, cell);
    EXPECT_EQ(config->maps.cell_size, 32U);
    EXPECT_TRUE(config->maps.series_per_cpu);
  }
}

TEST(Configure, KeepsFractionsInOneMoreWord) {
  spec::Metric metric = interval(spec::Nesting::last, true);
  metric.value = argument(0);
  metric.keeps_fraction = true;
  metric.bounds = {{0.25, 0, 1U << 30}, {1, 1, 0}};
  const auto histogram = configure(metric, {});
  EXPECT_EQ(histogram->program.keeps_fraction, 1);
  EXPECT_EQ(histogram->program.bound_fractions[0], 1U << 30);
  EXPECT_EQ(histogram->maps.cell_size, 8U * (2 + 3 + 1));
  const auto cell_size = [&](spec::MetricType type, spec::Aggregate aggregate) {
    metric.type = type;
    metric.aggregate = aggregate;
    return configure(metric, {})->maps.cell_size;
  };
  EXPECT_EQ(cell_size(spec::MetricType::counter, spec::Aggregate::last), 8U * 4);
  EXPECT_EQ(cell_size(spec::MetricType::gauge, spec::Aggregate::last), 8U * 4);
  EXPECT_EQ(cell_size(spec::MetricType::gauge, spec::Aggregate::min), 8U * 8);
}

TEST(Configure, GivesUpPerCpuCellsWhereTheyWouldTakeTooMuch) {
  spec::Metric metric = interval(spec::Nesting::last, true);
  metric.labels.push_back({"kind", argument(0), {}});
  metric.max_series = 10'000;
  EXPECT_TRUE(configure(metric, {.possible_cpus = 2})->maps.series_per_cpu);
  EXPECT_FALSE(configure(metric, {.possible_cpus = 512})->maps.series_per_cpu);
}

TEST(Configure, LaysOutLabelsInOrderAndLeavesOutTheOnesItNeedNotRecord) {
  spec::Metric metric = counter();
  metric.labels = {{"a", argument(3), {}},
                   {"b", spec::ReadString{argument(0), 64, std::nullopt}, {}},
                   {"c", spec::Literal{"fixed"}, {}},
                   {"d", spec::Attribute::exe, {}},
                   {"e", spec::Attribute::probe, {}},
                   {"f", spec::Attribute::comm, {}}};
  const auto config = configure(metric, {});
  ASSERT_TRUE(config);
  ASSERT_EQ(config->layout.fields.size(), 4U);
  EXPECT_EQ(config->layout.fields[0].offset, 16);
  EXPECT_EQ(config->layout.fields[1].offset, 24);
  EXPECT_EQ(config->layout.fields[1].size, 72);
  EXPECT_EQ(config->layout.fields[2].kind, KeyField::Kind::probe);
  EXPECT_EQ(config->layout.fields[2].offset, 96);
  EXPECT_EQ(config->layout.fields[3].size, 16);
  EXPECT_EQ(config->layout.size, 120U);
  EXPECT_EQ(config->program.keep_pid, 1) << "exe belongs to the process";
  EXPECT_EQ(config->program.needs_scratch, 1);
}

TEST(Configure, RefusesLabelsThatDoNotFitAKey) {
  spec::Metric metric = counter();
  for (int i = 0; i < 8; ++i) {
    metric.labels.push_back(
        {"l" + std::to_string(i), spec::ReadString{argument(0), 128, std::nullopt}, {}});
  }
  const auto config = configure(metric, {});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message,
            "its labels take 1104 bytes, at most 1024 fit: shorten strings with str(x, LEN)");
}

TEST(Configure, PutsNegativeBoundsFirstAsTwosComplement) {
  spec::Metric metric = interval(spec::Nesting::last, true);
  metric.bounds = {{-5, -5}, {0, 0}, {2e19, std::numeric_limits<std::uint64_t>::max()}};
  const sdt_program program = configure(metric, {})->program;
  EXPECT_EQ(program.bound_count, 3);
  EXPECT_EQ(program.negative_bounds, 1);
  EXPECT_EQ(program.bounds[0], static_cast<std::uint64_t>(-5));
  EXPECT_EQ(program.bounds[1], 0U);
  EXPECT_EQ(program.bounds[2], std::numeric_limits<std::uint64_t>::max());
}

TEST(Configure, KeepsThreadKeyedPairsInTaskStorageWhereThereIsSome) {
  const auto in_tasks = configure(interval(spec::Nesting::last, true), {.task_storage = true});
  EXPECT_EQ(in_tasks->program.task_storage, 1);
  EXPECT_EQ(in_tasks->maps.pair_entries, 1U);
  const auto in_hash = configure(interval(spec::Nesting::last, true), {.task_storage = false});
  EXPECT_EQ(in_hash->program.task_storage, 0);
  EXPECT_EQ(in_hash->maps.pair_size, sizeof(sdt_start));
  const auto by_argument = configure(interval(spec::Nesting::stack, false), {.task_storage = true});
  EXPECT_EQ(by_argument->program.task_storage, 0);
  EXPECT_EQ(by_argument->maps.pair_size, sizeof(sdt_start_stack));
}

TEST(Configure, CapturesEachStartArgumentOnce) {
  spec::Metric metric = interval(spec::Nesting::last, true);
  metric.labels = {{"a", spec::IntExpr{{spec::Load{Source::start_argument, 7}}}, {}},
                   {"b", spec::IntExpr{{spec::Load{Source::start_argument, 2}}}, {}},
                   {"c", spec::IntExpr{{spec::Load{Source::start_argument, 7}}}, {}}};
  const sdt_program program = configure(metric, {})->program;
  ASSERT_EQ(program.captured_count, 2);
  EXPECT_EQ(program.captured[0], 7);
  EXPECT_EQ(program.captured[1], 2);
  EXPECT_EQ(program.steps[program.fields[2].expr.first].index, 0) << "c reads what a captured";
}

TEST(Configure, CapturesTheValueFirst) {
  // The kernel side keeps the fraction of the first.
  spec::Metric metric = interval(spec::Nesting::last, true);
  metric.value = {{spec::Load{Source::start_argument, 5}}};
  metric.where = {spec::IntCondition{
      {{spec::Load{Source::start_argument, 2}}}, spec::Compare::gt, {{spec::Constant{0}}}}};
  metric.labels = {{"a", spec::IntExpr{{spec::Load{Source::start_argument, 1}}}, {}}};
  EXPECT_EQ(configure(metric, {})->program.captured[0], 5);
}

TEST(Configure, RefusesMoreStepsThanThePoolHolds) {
  spec::Metric metric = counter();
  spec::IntExpr longest = argument(0);
  while (longest.steps.size() < spec::IntExpr::max_steps)
    longest.steps.emplace_back(spec::Cast{{4, false}});
  for (int i = 0; i < 16; ++i) metric.labels.push_back({"l" + std::to_string(i), longest, {}});
  metric.value = longest;
  EXPECT_FALSE(configure(metric, {}));
}

TEST(SiteLayout, NamesRegistersByTheirPlaceInPtRegs) {
  elf::Argument memory;
  memory.kind = elf::Argument::Kind::in_memory;
  memory.base = elf::Register::r12;
  memory.index = elf::Register::rax;
  memory.scale = 8;
  memory.offset = -16;
  memory.size = 4;
  memory.is_signed = true;
  const sdt_operand operand = site_layout({memory}).args[0];
  EXPECT_EQ(operand.kind, SDT_OPERAND_MEMORY);
  EXPECT_EQ(operand.base, offsetof(pt_regs, r12));
  EXPECT_EQ(operand.index, offsetof(pt_regs, rax));
  EXPECT_EQ(operand.scale_shift, 3);
  EXPECT_EQ(operand.offset, -16);
  EXPECT_EQ(operand.size, 4);
  EXPECT_EQ(operand.is_signed, 1);
  EXPECT_EQ(operand.form, SDT_FORM_INTEGER);
}

TEST(SiteLayout, SaysWhatTheBitsStandFor) {
  elf::Argument argument;
  argument.kind = elf::Argument::Kind::in_register;
  argument.base = elf::Register::rax;
  EXPECT_EQ(site_layout({argument}).args[0].form, SDT_FORM_UINT64);
  argument.is_float = true;
  argument.size = 4;
  const sdt_operand real = site_layout({argument}).args[0];
  EXPECT_EQ(real.kind, SDT_OPERAND_REGISTER);
  EXPECT_EQ(real.form, SDT_FORM_FLOAT);
  EXPECT_EQ(real.size, 4);
}

TEST(SiteLayout, LeavesUndecodableArgumentsUnavailable) {
  EXPECT_EQ(site_layout({elf::Argument{}}).args[0].kind, SDT_OPERAND_UNAVAILABLE);
}

}  // namespace
}  // namespace sdt::kernel
