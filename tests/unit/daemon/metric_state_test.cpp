// What the pages say of a metric's pace.
#include "daemon/metric_state.h"

#include <chrono>

#include <gtest/gtest.h>

#include "fakes/metric_builder.h"
#include "fakes/samples_builder.h"

namespace sdt::daemon {
namespace {

using namespace std::chrono_literals;
using fakes::SamplesBuilder;

constexpr metrics::Pace::Time start{};

MetricState state_of(spec::Metric metric) {
  return {std::make_shared<const spec::Metric>(std::move(metric)), 0};
}

/// What a drain leaves behind.
void drain(MetricState& state, const Samples& samples, std::vector<std::uint64_t> hits,
           metrics::Pace::Time now) {
  state.series.apply(
      samples, [](const ImageKey&) { return metrics::ProcessView{}; }, now);
  state.tally.hits = std::move(hits);
  state.note_pace(now);
}

TEST(MetricState, LatelyOfACounterIsItsGrowthInExportedUnits) {
  spec::Metric metric = fakes::counter();
  metric.scale = 0.5;
  MetricState state = state_of(metric);
  drain(state, SamplesBuilder(CellKind::count, 1).cell(0, {}, {10}), {10, 10}, start);
  EXPECT_FALSE(state.lately(1));
  drain(state, SamplesBuilder(CellKind::count, 1).cell(0, {}, {50}), {30, 30}, start + 4s);
  const auto lately = state.lately(1);
  ASSERT_TRUE(lately);
  EXPECT_EQ(lately->length, 4s);
  EXPECT_EQ(lately->hits_per_second, 10);
  EXPECT_EQ(lately->per_second, 5);
  EXPECT_TRUE(lately->buckets.empty());
}

TEST(MetricState, LatelyOfAHistogramIsItsEventsAndTheirBuckets) {
  MetricState state = state_of(fakes::histogram({{1, 1}}));
  drain(state, SamplesBuilder(CellKind::histogram, 4).cell(0, {}, {0, 0, 1, 1}), {2}, start);
  drain(state, SamplesBuilder(CellKind::histogram, 4).cell(0, {}, {0, 0, 4, 2}), {6}, start + 2s);
  const auto lately = state.lately(1);
  EXPECT_EQ(lately->per_second, 2);
  EXPECT_EQ(lately->buckets, (std::vector<std::uint64_t>{3, 1}));
}

TEST(MetricState, LatelyCpuIsAShareOfAllCpus) {
  MetricState state = state_of(fakes::counter());
  const SamplesBuilder none(CellKind::count, 1);
  drain(state, none, {0}, start);
  Tally tally;
  tally.hits = {1'000'000};
  const auto charge = state.meter.charge(tally, 850ns);  // and 150 ns for a run
  EXPECT_EQ(charge.cost, 1s);
  drain(state, none, {1'000'000}, start + 2s);
  EXPECT_EQ(state.lately(4)->cpu, 0.125);
}

TEST(MetricState, HitsOfProgramsThatAreNoMoreStillCount) {
  MetricState state = state_of(fakes::counter());
  const SamplesBuilder none(CellKind::count, 1);
  drain(state, none, {100}, start);
  state.before.hits[{"app", "work"}] = 100;
  drain(state, none, {6}, start + 2s);
  EXPECT_EQ(state.lately(1)->hits_per_second, 3);
}

TEST(MetricState, AGaugeChangesAsOftenAsItsProbesFire) {
  MetricState state = state_of(fakes::gauge());
  const SamplesBuilder none(CellKind::last, 3);
  drain(state, none, {0}, start);
  drain(state, none, {8}, start + 2s);
  EXPECT_EQ(state.lately(1)->per_second, 4);
}

}  // namespace
}  // namespace sdt::daemon
