// Whose events count.
#include "series_fixture.h"

namespace sdt::metrics {
namespace {

using SeriesProcess = SeriesTest;

TEST_F(SeriesProcess, MemberCountsInTheSeriesOfEveryoneWhenNoLabelAsksForTheProcess) {
  const spec::Metric metric = counter({{"n", argument(0), {}}});
  MetricSeries series(metric);
  member(7);
  drain(series, counts_by_number().cell(7, {Int128{1}}, {2}).cell(0, {Int128{1}}, {3}));
  EXPECT_EQ(values(series), (Shown{{"1", "5"}}));
}

TEST_F(SeriesProcess, UnknownProcessCountsInFullOnceItIsAMember) {
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  drain(series, counts().cell(7, {}, {4}));
  drain(series, counts().cell(7, {}, {9}));
  EXPECT_EQ(values(series), (Shown{{"", "0"}}));
  member(7);
  drain(series, counts().cell(7, {}, {10}));
  EXPECT_EQ(values(series), (Shown{{"", "10"}}));
  EXPECT_EQ(series.unclassified(), 0U);
}

TEST_F(SeriesProcess, UnknownProcessThatVanishesLosesExactlyItsEvents) {
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  drain(series, counts().cell(7, {}, {4}));
  gone(7);
  drain(series, counts().cell(7, {}, {6}));
  drain(series, counts().cell(7, {}, {6}));
  EXPECT_EQ(values(series), (Shown{{"", "0"}}));
  EXPECT_EQ(series.unclassified(), 6U);
}

TEST_F(SeriesProcess, LostEventsOfAHistogramAreThoseOfItsBuckets) {
  const spec::Metric metric = histogram({{0.1, 1}});
  MetricSeries series(metric);
  gone(7);
  drain(series, SamplesBuilder(CellKind::histogram, 4).cell(7, {}, {50, 0, 2, 3}));
  EXPECT_EQ(series.unclassified(), 5U);
}

TEST_F(SeriesProcess, ForeignProcessNeverCountsNorIsLost) {
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  foreign(7);
  drain(series, counts().cell(7, {}, {4}));
  gone(7);
  drain(series, counts().cell(7, {}, {5}));
  EXPECT_EQ(values(series), (Shown{{"", "0"}}));
  EXPECT_EQ(series.unclassified(), 0U);
  EXPECT_EQ(series.foreign(), 5U);
}

TEST_F(SeriesProcess, MemberStaysOneWhenItsLastEventsAreReadAfterItsEnd) {
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  member(7);
  drain(series, counts().cell(7, {}, {4}));
  gone(7);
  drain(series, counts().cell(7, {}, {6}));
  EXPECT_EQ(values(series), (Shown{{"", "6"}}));
  EXPECT_EQ(series.unclassified(), 0U);
}

TEST_F(SeriesProcess, NumberOfAnEndedMemberInOtherHandsIsJudgedAnew) {
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  member(7);
  drain(series, counts().cell(7, {}, {4}));
  ended(7);
  drain(series, counts().cell(7, {}, {4}));
  processes[7] = {};  // the next process with this number is not classified yet
  drain(series, counts().cell(7, {}, {9}));
  EXPECT_EQ(values(series), (Shown{{"", "4"}}));
  foreign(7);
  drain(series, counts().cell(7, {}, {9}));
  EXPECT_EQ(values(series), (Shown{{"", "4"}}));
}

TEST_F(SeriesProcess, ProcessIsAskedForOnceADrainHoweverManyKeysItHas) {
  const spec::Metric metric = counter({{"n", argument(0), {}}});
  MetricSeries series(metric);
  member(7);
  drain(series, counts_by_number().cell(7, {Int128{1}}, {1}).cell(7, {Int128{2}}, {1}));
  EXPECT_EQ(asked[7], 1);
}

TEST_F(SeriesProcess, ExeLabelIsThatOfTheProcess) {
  const spec::Metric metric = counter({{"exe", spec::Attribute::exe, {}}});
  MetricSeries series(metric);
  member(7, "/bin/a");
  member(8, "/bin/b");
  drain(series, counts().cell(7, {}, {1}).cell(8, {}, {2}));
  EXPECT_EQ(values(series), (Shown{{"/bin/a", "1"}, {"/bin/b", "2"}}));
}

TEST_F(SeriesProcess, MemberThatExecutesAnotherProgramCountsUnderItsNewExe) {
  const spec::Metric metric = counter({{"exe", spec::Attribute::exe, {}}});
  MetricSeries series(metric);
  member(7, "/bin/a");
  drain(series, counts().cell(7, {}, {1}));
  member(7, "/bin/b");
  drain(series, counts().cell(7, {}, {5}));
  EXPECT_EQ(values(series), (Shown{{"/bin/a", "1"}, {"/bin/b", "4"}}));
}

TEST_F(SeriesProcess, ProcessWhoseExeAConditionRefusesIsNeitherCountedNorLost) {
  spec::Metric metric = counter();
  metric.where = {spec::StringCondition{spec::Attribute::exe, spec::Compare::eq, "/bin/a"}};
  MetricSeries series(metric);
  member(7, "/bin/a");
  member(8, "/bin/b");
  drain(series, counts().cell(7, {}, {1}).cell(8, {}, {2}));
  drain(series, counts().cell(7, {}, {3}).cell(8, {}, {5}));
  EXPECT_EQ(values(series), (Shown{{"", "3"}}));
  EXPECT_EQ(series.unclassified(), 0U);
  EXPECT_EQ(series.filtered(), 5U);
}

TEST_F(SeriesProcess, EventsThatStillWaitAreLostWhenTheMapsAreMadeAnew) {
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  drain(series, counts().cell(7, {}, {4}));
  series.restart();
  EXPECT_EQ(series.unclassified(), 4U);
}

}  // namespace
}  // namespace sdt::metrics
