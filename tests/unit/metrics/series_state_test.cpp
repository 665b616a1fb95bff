// Series that outlive the daemon that counted them.
#include "series_fixture.h"

namespace sdt::metrics {
namespace {

class SeriesState : public SeriesTest {
 protected:
  /// What the next daemon makes of it.
  [[nodiscard]] static MetricSeries next(const spec::Metric& metric, const MetricSeries& series) {
    MetricSeries restored(metric);
    EXPECT_TRUE(restored.restore(series.save()));
    return restored;
  }
};

TEST_F(SeriesState, CumulativeReadingsGoOnFromWhereTheyWere) {
  const spec::Metric metric = counter({{"n", argument(0), {}}});
  MetricSeries before(metric);
  drain(before, counts_by_number().cell(0, {Int128{4}}, {5}));
  MetricSeries after = next(metric, before);
  EXPECT_EQ(values(after), (Shown{{"4", "5"}}));
  drain(after, counts_by_number().cell(0, {Int128{4}}, {7}));
  EXPECT_EQ(values(after), (Shown{{"4", "7"}}));
}

TEST_F(SeriesState, HistogramsKeepTheirBucketsAndSums) {
  const spec::Metric metric = histogram({{0.1, 1}, {0.2, 2}});
  MetricSeries before(metric);
  drain(before, SamplesBuilder(CellKind::histogram, 5).cell(0, {}, {100, 0, 1, 2, 3}));
  EXPECT_EQ(values(next(metric, before)), values(before));
}

TEST_F(SeriesState, TotalsBeyond64BitsAreKept) {
  const spec::Metric metric = counter();
  MetricSeries before(metric);
  drain(before, SamplesBuilder(CellKind::sum, 3).cell(0, {}, {2, 0, 1ULL << 40}));
  EXPECT_EQ(values(before), (Shown{{"", "4722366482869645213696"}}));
  EXPECT_EQ(values(next(metric, before)), values(before));
}

TEST_F(SeriesState, ExtremesAndTheTimeOfTheLastValueAreKept) {
  spec::Metric lowest = gauge();
  lowest.aggregate = spec::Aggregate::min;
  MetricSeries min(lowest);
  drain(min, SamplesBuilder(CellKind::min, 4).cell(0, {}, {1, 1, ~std::uint64_t{9}, 2}));
  EXPECT_EQ(values(next(lowest, min)), (Shown{{"", "-3"}}));

  const spec::Metric metric = gauge({{"n", argument(0), {{}, "any"}}});
  MetricSeries before(metric);
  const auto set = [](int key, std::uint64_t value, std::uint64_t time) {
    SamplesBuilder samples(CellKind::last, 3);
    samples.with_integer().cell(0, {Int128{key}}, {1, value, 2 * time});
    return samples;
  };
  drain(before, set(1, 11, 100));
  MetricSeries after = next(metric, before);
  drain(after, set(2, 22, 90));
  EXPECT_EQ(values(after), (Shown{{"any", "11"}}));
}

TEST_F(SeriesState, EventsThatWaitForTheirProcessAreDecidedLater) {
  const spec::Metric metric = counter();
  MetricSeries before(metric);
  drain(before, counts().cell(7, {}, {5}));
  MetricSeries after = next(metric, before);
  member(7);
  drain(after, counts().cell(7, {}, {5}));
  EXPECT_EQ(values(after), (Shown{{"", "5"}}));
}

TEST_F(SeriesState, CountsGoOnWhereTheMapsAreNew) {
  const spec::Metric metric = counter();
  MetricSeries before(metric);
  drain(before, counts().cell(0, {}, {5}));
  MetricSeries after = next(metric, before);
  after.restart();
  drain(after, counts().cell(0, {}, {2}));
  EXPECT_EQ(values(after), (Shown{{"", "7"}}));
}

TEST_F(SeriesState, WhatWasFoldedAndLostIsRemembered) {
  spec::Metric metric = counter({{"n", argument(0), {}}});
  metric.max_series = 1;
  MetricSeries before(metric);
  gone(9);
  drain(before, counts_by_number()
                    .cell(0, {Int128{1}}, {5})
                    .cell(0, {Int128{2}}, {6})
                    .cell(9, {Int128{3}}, {7}));
  const MetricSeries after = next(metric, before);
  EXPECT_EQ(after.folded(), 6U);
  EXPECT_EQ(after.unclassified(), 7U);
  EXPECT_EQ(values(after), (Shown{{"1", "5"}, {"other", "6"}}));
}

TEST_F(SeriesState, StateOfAnotherMetricIsRefusedAndChangesNothing) {
  const spec::Metric labelled = counter({{"n", argument(0), {}}});
  MetricSeries other(labelled);
  drain(other, counts_by_number().cell(0, {Int128{4}}, {5}));
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  drain(series, counts().cell(0, {}, {3}));
  EXPECT_FALSE(series.restore(other.save()));
  EXPECT_FALSE(series.restore("nonsense"));
  EXPECT_FALSE(series.restore(""));
  EXPECT_EQ(values(series), (Shown{{"", "3"}}));
}

}  // namespace
}  // namespace sdt::metrics
