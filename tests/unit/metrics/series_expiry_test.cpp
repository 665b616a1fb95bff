// When series go, and which raw keys may be freed.
#include "series_fixture.h"

namespace sdt::metrics {
namespace {

using SeriesExpiry = SeriesTest;

spec::Metric counter_by_pid() {
  return counter({{"pid", fakes::source(spec::Source::pid), {}}});
}

TEST_F(SeriesExpiry, NothingExpiresByDefault) {
  const spec::Metric metric = counter({{"n", argument(0), {}}});
  MetricSeries series(metric);
  drain(series, counts_by_number().cell(0, {Int128{1}}, {1}));
  EXPECT_EQ(series.expire(now + 1000h), Keys{});
  EXPECT_EQ(series.expire(now + 2000h), Keys{});
  EXPECT_EQ(values(series), (Shown{{"1", "1"}}));
}

TEST_F(SeriesExpiry, IdleSeriesGoesWithItsKeys) {
  spec::Metric metric = counter({{"n", argument(0), {}}});
  metric.expire_after = 10s;
  MetricSeries series(metric);
  drain(series, counts_by_number().cell(0, {Int128{1}}, {1}).cell(0, {Int128{2}}, {1}));
  now += 9s;
  drain(series, counts_by_number().cell(0, {Int128{1}}, {1}).cell(0, {Int128{2}}, {2}));
  EXPECT_EQ(series.expire(now), Keys{});  // idle for 10 s sharp
  EXPECT_EQ(series.expire(now + 1ns), Keys{counts_by_number().key_of(0, {Int128{1}})});
  EXPECT_EQ(values(series), (Shown{{"2", "2"}}));
}

TEST_F(SeriesExpiry, SeriesThatComesBackStartsAtWhatItsNewMapEntryHolds) {
  spec::Metric metric = counter({{"n", argument(0), {}}});
  metric.expire_after = 10s;
  MetricSeries series(metric);
  drain(series, counts_by_number().cell(0, {Int128{1}}, {100}));
  EXPECT_EQ(series.expire(now + 11s).size(), 1U);
  drain(series, counts_by_number().cell(0, {Int128{1}}, {2}));
  EXPECT_EQ(values(series), (Shown{{"1", "2"}}));
}

TEST_F(SeriesExpiry, ExtremesAreThoseOfTheLifeOfTheSeries) {
  spec::Metric metric = gauge();
  metric.aggregate = spec::Aggregate::max;
  metric.expire_after = 10s;
  MetricSeries series(metric);
  drain(series, SamplesBuilder(CellKind::max, 4).cell(0, {}, {1, 0, 100, 0}));
  EXPECT_EQ(series.expire(now + 11s).size(), 1U);
  EXPECT_EQ(values(series), Shown{});
  drain(series, SamplesBuilder(CellKind::max, 4).cell(0, {}, {1, 0, 2, 0}));
  EXPECT_EQ(values(series), (Shown{{"", "2"}}));
}

TEST_F(SeriesExpiry, IdleKeyIsFreedWhileAnotherKeepsTheirSeriesAlive) {
  spec::Metric metric = counter({{"n", argument(0), {{}, "any"}}});
  metric.expire_after = 10s;
  MetricSeries series(metric);
  drain(series, counts_by_number().cell(0, {Int128{1}}, {1}).cell(0, {Int128{2}}, {1}));
  now += 20s;
  drain(series, counts_by_number().cell(0, {Int128{1}}, {1}).cell(0, {Int128{2}}, {2}));
  EXPECT_EQ(series.expire(now), Keys{counts_by_number().key_of(0, {Int128{1}})});
  EXPECT_EQ(values(series), (Shown{{"any", "3"}}));
}

TEST_F(SeriesExpiry, ExpiredSeriesMakesRoomUnderTheCap) {
  spec::Metric metric = counter({{"n", argument(0), {}}});
  metric.expire_after = 10s;
  metric.max_series = 1;
  MetricSeries series(metric);
  drain(series, counts_by_number().cell(0, {Int128{1}}, {1}));
  EXPECT_EQ(series.expire(now + 11s).size(), 1U);
  drain(series, counts_by_number().cell(0, {Int128{2}}, {1}));
  EXPECT_EQ(values(series), (Shown{{"2", "1"}}));
}

TEST_F(SeriesExpiry, SeriesOfAProcessStaysFiveMinutesAfterItsEnd) {
  const spec::Metric metric = counter_by_pid();
  MetricSeries series(metric);
  member(7);
  const Samples samples = counts_by_number().cell(7, {Int128{7}}, {1});
  drain(series, samples);
  now += 1h;
  ended(7);
  const Time end = now;
  drain(series, samples);
  EXPECT_EQ(series.expire(end + 1s).size(), 1U);  // the key is freed before the series goes
  EXPECT_EQ(series.expire(end + 5min), Keys{});
  EXPECT_EQ(values(series), (Shown{{"7", "1"}}));
  EXPECT_EQ(series.expire(end + 5min + 1ns), Keys{});
  EXPECT_EQ(values(series), Shown{});
}

TEST_F(SeriesExpiry, SeriesOfALivingProcessStaysHoweverIdle) {
  const spec::Metric metric = counter_by_pid();
  MetricSeries series(metric);
  member(7);
  const Samples samples = counts_by_number().cell(7, {Int128{7}}, {1});
  for (int hour = 0; hour < 3; ++hour) {
    drain(series, samples);
    EXPECT_EQ(series.expire(now += 1h), Keys{});
  }
  EXPECT_EQ(values(series), (Shown{{"7", "1"}}));
}

TEST_F(SeriesExpiry, SeriesOfAProcessThatEndsAfterTheMapsWereMadeAnewGoesToo) {
  const spec::Metric metric = counter_by_pid();
  MetricSeries series(metric);
  member(7);
  drain(series, counts_by_number().cell(7, {Int128{7}}, {1}));
  series.restart();
  ended(7);
  drain(series, counts_by_number());
  EXPECT_EQ(series.expire(now + 6min), Keys{});
  EXPECT_EQ(values(series), Shown{});
}

TEST_F(SeriesExpiry, ExpireAfterReplacesTheFiveMinutes) {
  spec::Metric metric = counter_by_pid();
  metric.expire_after = 1h;
  MetricSeries series(metric);
  member(7);
  const Samples samples = counts_by_number().cell(7, {Int128{7}}, {1});
  drain(series, samples);
  const Time last_event = now;
  ended(7);
  drain(series, samples);
  EXPECT_EQ(series.expire(now + 6min), Keys{counts_by_number().key_of(7, {Int128{7}})});
  EXPECT_EQ(values(series), (Shown{{"7", "1"}}));
  static_cast<void>(series.expire(last_event + 1h + 2s));
  EXPECT_EQ(values(series), Shown{});
}

TEST_F(SeriesExpiry, KeyOfAForeignProcessIsFreedOnceItIsQuiet) {
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  foreign(7);
  drain(series, counts().cell(7, {}, {1}));
  EXPECT_EQ(series.expire(now), Keys{});
  drain(series, counts().cell(7, {}, {2}));
  EXPECT_EQ(series.expire(now), Keys{});
  drain(series, counts().cell(7, {}, {2}));
  EXPECT_EQ(series.expire(now), Keys{counts().key_of(7, {})});
}

TEST_F(SeriesExpiry, KeyOfAVanishedProcessIsFreedAndItsLossIsKept) {
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  gone(7);
  drain(series, counts().cell(7, {}, {3}));
  EXPECT_EQ(series.expire(now), Keys{});
  EXPECT_EQ(series.expire(now), Keys{counts().key_of(7, {})});
  EXPECT_EQ(series.unclassified(), 3U);
}

TEST_F(SeriesExpiry, KeyOfAnUndecidedProcessIsNeverFreed) {
  spec::Metric metric = counter();
  metric.expire_after = 1s;
  MetricSeries series(metric);
  drain(series, counts().cell(7, {}, {3}));
  EXPECT_EQ(series.expire(now + 1h), Keys{});
  EXPECT_EQ(series.expire(now + 2h), Keys{});
  member(7);
  drain(series, counts().cell(7, {}, {3}));
  EXPECT_EQ(values(series), (Shown{{"", "3"}}));
}

TEST_F(SeriesExpiry, KeyOfAMemberThatIsNowRecordedUnderZeroIsFreedAfterTwoQuietCalls) {
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  member(7);
  drain(series, counts().cell(7, {}, {3}));
  EXPECT_EQ(series.expire(now), Keys{});
  EXPECT_EQ(series.expire(now), Keys{});
  EXPECT_EQ(series.expire(now), Keys{counts().key_of(7, {})});
  drain(series, counts().cell(0, {}, {2}));
  EXPECT_EQ(values(series), (Shown{{"", "5"}}));
}

TEST_F(SeriesExpiry, KeyOfALivingMemberStaysWhereLabelsAskForTheProcess) {
  const spec::Metric metric = counter({{"exe", spec::Attribute::exe, {}}});
  MetricSeries series(metric);
  member(7);
  drain(series, counts().cell(7, {}, {3}));
  for (int call = 0; call < 4; ++call) EXPECT_EQ(series.expire(now), Keys{});
}

TEST_F(SeriesExpiry, KeyOfAnEndedMemberIsFreedAndItsSeriesStays) {
  const spec::Metric metric = counter({{"exe", spec::Attribute::exe, {}}});
  MetricSeries series(metric);
  member(7);
  drain(series, counts().cell(7, {}, {3}));
  ended(7);
  drain(series, counts().cell(7, {}, {3}));
  EXPECT_EQ(series.expire(now), Keys{counts().key_of(7, {})});
  EXPECT_EQ(values(series), (Shown{{"/bin/app", "3"}}));
}

}  // namespace
}  // namespace sdt::metrics
