// What is past max_series.
#include "series_fixture.h"

namespace sdt::metrics {
namespace {

class SeriesCap : public SeriesTest {
 protected:
  SeriesCap() { metric.max_series = 2; }
  spec::Metric metric = counter({{"a", spec::Literal{"fixed"}, {}}, {"n", argument(0), {}}});
};

TEST_F(SeriesCap, LabelSetsPastTheCapAreFoldedAndCounted) {
  MetricSeries series(metric);
  drain(series, counts_by_number()
                    .cell(0, {Int128{1}}, {1})
                    .cell(0, {Int128{2}}, {2})
                    .cell(0, {Int128{3}}, {4})
                    .cell(0, {Int128{4}}, {8}));
  EXPECT_EQ(values(series), (Shown{{"fixed,1", "1"}, {"fixed,2", "2"}, {"other,other", "12"}}));
  EXPECT_EQ(series.folded(), 12U);
  EXPECT_EQ(series.series_count(), 2U);
}

TEST_F(SeriesCap, FoldedKeysGoOnCountingInOther) {
  MetricSeries series(metric);
  drain(series, counts_by_number()
                    .cell(0, {Int128{1}}, {1})
                    .cell(0, {Int128{2}}, {1})
                    .cell(0, {Int128{3}}, {4}));
  drain(series, counts_by_number()
                    .cell(0, {Int128{1}}, {2})
                    .cell(0, {Int128{2}}, {1})
                    .cell(0, {Int128{3}}, {9}));
  EXPECT_EQ(values(series), (Shown{{"fixed,1", "2"}, {"fixed,2", "1"}, {"other,other", "9"}}));
  EXPECT_EQ(series.folded(), 9U);
}

TEST_F(SeriesCap, OverflowCellOfTheKernelFeedsOther) {
  MetricSeries series(metric);
  drain(series, counts_by_number().cell(0, {Int128{1}}, {1}).other({5}));
  drain(series, counts_by_number().cell(0, {Int128{1}}, {1}).other({7}));
  EXPECT_EQ(values(series), (Shown{{"fixed,1", "1"}, {"other,other", "7"}}));
  EXPECT_EQ(series.folded(), 7U);
}

TEST_F(SeriesCap, OverflowCellWithoutEventsMakesNoSeries) {
  MetricSeries series(metric);
  drain(series, counts_by_number().other({0}));
  EXPECT_TRUE(series.collect().series.empty());
}

TEST_F(SeriesCap, OverflowCellOfAMetricWithoutLabelsCountsInItsOnlySeries) {
  const spec::Metric plain = counter();
  MetricSeries series(plain);
  drain(series, counts().cell(0, {}, {1}).other({5}));
  EXPECT_EQ(values(series), (Shown{{"", "6"}}));
  EXPECT_EQ(series.folded(), 0U);
}

TEST_F(SeriesCap, LabelThatReadsOtherByItselfIsNotFolded) {
  spec::Metric mapped = counter({{"kind", argument(0), {{{"1", "read"}}, "other"}}});
  mapped.max_series = 1;
  MetricSeries series(mapped);
  drain(series, counts_by_number().cell(0, {Int128{1}}, {1}).cell(0, {Int128{2}}, {4}));
  EXPECT_EQ(values(series), (Shown{{"other", "4"}, {"read", "1"}}));
  EXPECT_EQ(series.folded(), 0U);
}

TEST_F(SeriesCap, OverflowCellStartsAtZeroInMapsMadeAnew) {
  MetricSeries series(metric);
  drain(series, counts_by_number().other({5}));
  series.restart();
  drain(series, counts_by_number().other({2}));
  EXPECT_EQ(values(series), (Shown{{"other,other", "7"}}));
}

}  // namespace
}  // namespace sdt::metrics
