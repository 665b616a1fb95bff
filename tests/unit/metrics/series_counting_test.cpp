// From cumulative cells to series.
#include "series_fixture.h"

namespace sdt::metrics {
namespace {

using SeriesCounting = SeriesTest;

TEST_F(SeriesCounting, CounterWithoutLabelsIsThereAtZeroBeforeItsFirstEvent) {
  const spec::Metric metric = counter();
  EXPECT_EQ(values(MetricSeries(metric)), (Shown{{"", "0"}}));
}

TEST_F(SeriesCounting, HistogramWithoutLabelsIsThereAtZeroBeforeItsFirstEvent) {
  const spec::Metric metric = histogram({{0.1, 1}, {0.2, 2}});
  EXPECT_EQ(values(MetricSeries(metric)), (Shown{{"", "0 0 0 sum 0"}}));
}

TEST_F(SeriesCounting, GaugeThatIsRaisedAndLoweredStartsAtZero) {
  spec::Metric metric = gauge();
  metric.source = spec::UpDown{};
  EXPECT_EQ(values(MetricSeries(metric)), (Shown{{"", "0"}}));
}

TEST_F(SeriesCounting, GaugeThatIsSetHasNoValueBeforeItsFirstEvent) {
  const spec::Metric metric = gauge();
  EXPECT_TRUE(MetricSeries(metric).collect().series.empty());
}

TEST_F(SeriesCounting, LabelledSeriesAppearWithTheirFirstEvent) {
  const spec::Metric metric = counter({{"n", argument(0), {}}});
  MetricSeries series(metric);
  drain(series, counts_by_number().cell(0, {Int128{4}}, {0}));
  EXPECT_TRUE(series.collect().series.empty());
  drain(series, counts_by_number().cell(0, {Int128{4}}, {2}));
  EXPECT_EQ(values(series), (Shown{{"4", "2"}}));
}

TEST_F(SeriesCounting, CumulativeReadingsAreNotCountedTwice) {
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  drain(series, counts().cell(0, {}, {5}));
  drain(series, counts().cell(0, {}, {5}));
  drain(series, counts().cell(0, {}, {12}));
  EXPECT_EQ(values(series), (Shown{{"", "12"}}));
}

TEST_F(SeriesCounting, ValueThatArrivesAReadingAfterItsEventIsCounted) {
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  drain(series, SamplesBuilder(CellKind::sum, 3).cell(0, {}, {1, 0, 0}));
  drain(series, SamplesBuilder(CellKind::sum, 3).cell(0, {}, {1, 42, 0}));
  EXPECT_EQ(values(series), (Shown{{"", "42"}}));
}

TEST_F(SeriesCounting, KeysThatPrintTheSameLabelsFeedOneSeries) {
  const spec::Metric metric = counter({{"n", argument(0), {{{"1", "odd"}, {"3", "odd"}}, {}}}});
  MetricSeries series(metric);
  drain(series, counts_by_number().cell(0, {Int128{1}}, {10}).cell(0, {Int128{3}}, {20}));
  drain(series, counts_by_number().cell(0, {Int128{1}}, {11}).cell(0, {Int128{3}}, {22}));
  EXPECT_EQ(values(series), (Shown{{"odd", "33"}}));
  EXPECT_EQ(series.series_count(), 1U);
}

TEST_F(SeriesCounting, KeysThatARegexMakesEqualFeedOneSeries) {
  spec::Metric metric = histogram({{0.1, 1}, {0.2, 2}}, {{"path", string_argument(0), {}}});
  metric.labels[0].rewrite = *spec::Rewrite::compile("/users/.*", "/users");
  MetricSeries series(metric);
  const auto drained = [](const std::vector<std::uint64_t>& first,
                          const std::vector<std::uint64_t>& second) {
    SamplesBuilder samples(CellKind::histogram, 5);
    samples.with_string(16).cell(0, {"/users/1"}, first).cell(0, {"/users/2"}, second);
    return samples;
  };
  drain(series, drained({10, 0, 1, 2, 3}, {20, 0, 4, 0, 0}));
  drain(series, drained({11, 0, 2, 2, 3}, {20, 0, 4, 0, 0}));
  EXPECT_EQ(values(series), (Shown{{"/users", "6 2 3 sum 31"}}));
  EXPECT_EQ(series.series_count(), 1U);
}

TEST_F(SeriesCounting, ProbeLabelsShowTheProbesName) {
  const spec::Metric metric = counter({{"probe", spec::Attribute::probe, {}}});
  MetricSeries series(metric);
  SamplesBuilder samples(CellKind::count, 1);
  samples.with_probe().with_probes({{"app", "open"}, {"app", "close"}});
  drain(series, samples.cell(0, {Int128{1}}, {3}));
  EXPECT_EQ(values(series), (Shown{{"close", "3"}}));
}

TEST_F(SeriesCounting, HistogramKeepsItsBucketsApart) {
  const spec::Metric metric = histogram({{0.1, 1}, {0.2, 2}}, {{"s", string_argument(0), {}}});
  MetricSeries series(metric);
  SamplesBuilder samples(CellKind::histogram, 5);
  samples.with_string(8);
  drain(series, samples.cell(0, {"get"}, {9, 0, 1, 2, 3}).cell(0, {"put"}, {1, 0, 1, 0, 0}));
  EXPECT_EQ(values(series), (Shown{{"get", "1 2 3 sum 9"}, {"put", "1 0 0 sum 1"}}));
}

TEST_F(SeriesCounting, GaugeTakesItsLastValueAndKeepsItWhileNothingHappens) {
  const spec::Metric metric = gauge();
  MetricSeries series(metric);
  drain(series, SamplesBuilder(CellKind::last, 3).cell(0, {}, {3, 70, 0}));
  drain(series, SamplesBuilder(CellKind::last, 3).cell(0, {}, {3, 70, 0}));
  EXPECT_EQ(values(series), (Shown{{"", "70"}}));
}

TEST_F(SeriesCounting, GaugeThatIsSetToZeroIsShown) {
  const spec::Metric metric = gauge();
  MetricSeries series(metric);
  drain(series, SamplesBuilder(CellKind::last, 3).cell(0, {}, {1, 0, 0}));
  EXPECT_EQ(values(series), (Shown{{"", "0"}}));
}

TEST_F(SeriesCounting, GaugeOfAClassifiedProcessOverridesWhatWasRecordedBefore) {
  const spec::Metric metric = gauge();
  MetricSeries series(metric);
  member(7);
  drain(series, SamplesBuilder(CellKind::last, 3).cell(0, {}, {1, 2, 0}).cell(7, {}, {1, 1, 0}));
  EXPECT_EQ(values(series), (Shown{{"", "2"}}));
}

TEST_F(SeriesCounting, OfKeysThatPrintTheSameTheOneThatWasSetLastIsShown) {
  spec::Metric metric = gauge({{"n", argument(0), {{{"1", "odd"}, {"3", "odd"}}, {}}}});
  MetricSeries series(metric);
  const auto set = [](std::uint64_t first, std::uint64_t at_first, std::uint64_t third,
                      std::uint64_t at_third) {
    SamplesBuilder samples(CellKind::last, 3);
    samples.with_integer()
        .cell(0, {Int128{1}}, {at_first, first, 2 * at_first})
        .cell(0, {Int128{3}}, {at_third, third, 2 * at_third});
    return samples;
  };
  drain(series, set(11, 100, 33, 90));
  EXPECT_EQ(values(series), (Shown{{"odd", "11"}}));
  drain(series, set(11, 100, 34, 110));
  EXPECT_EQ(values(series), (Shown{{"odd", "34"}}));
  drain(series, set(12, 105, 34, 110));
  EXPECT_EQ(values(series), (Shown{{"odd", "34"}}));
}

spec::Metric extreme(spec::Aggregate aggregate, std::vector<spec::Label> labels = {}) {
  spec::Metric metric = gauge(std::move(labels));
  metric.aggregate = aggregate;
  return metric;
}

TEST_F(SeriesCounting, ExtremesHaveNoValueBeforeTheirFirstEvent) {
  const spec::Metric metric = extreme(spec::Aggregate::max);
  MetricSeries series(metric);
  EXPECT_TRUE(series.collect().series.empty());
  drain(series, SamplesBuilder(CellKind::max, 4).cell(0, {}, {0, 0, 5, 0}));
  EXPECT_TRUE(series.collect().series.empty()) << "the event of this value is not counted yet";
  drain(series, SamplesBuilder(CellKind::max, 4).cell(0, {}, {1, 0, 5, 0}));
  EXPECT_EQ(values(series), (Shown{{"", "5"}}));
}

TEST_F(SeriesCounting, ExtremesAreThoseOfEveryKeyThatPrintsTheSame) {
  const std::vector<spec::Label> labels = {{"n", argument(0), {{{"1", "odd"}, {"3", "odd"}}, {}}}};
  const spec::Metric highest = extreme(spec::Aggregate::max, labels);
  MetricSeries max(highest);
  drain(max, SamplesBuilder(CellKind::max, 4)
                 .with_integer()
                 .cell(0, {Int128{1}}, {2, 0, 50, 0})
                 .cell(0, {Int128{3}}, {1, 1, 40, ~std::uint64_t{0}}));
  EXPECT_EQ(values(max), (Shown{{"odd", "50"}}));
  const spec::Metric lowest = extreme(spec::Aggregate::min, labels);
  MetricSeries min(lowest);
  drain(min, SamplesBuilder(CellKind::min, 4)
                 .with_integer()
                 .cell(0, {Int128{1}}, {2, 0, ~std::uint64_t{50}, 0})
                 .cell(0, {Int128{3}}, {1, 1, ~std::uint64_t{40}, 6}));
  EXPECT_EQ(values(min), (Shown{{"odd", "-7"}}));
}

TEST_F(SeriesCounting, ExtremesStayWhenTheMapsAreMadeAnew) {
  const spec::Metric metric = extreme(spec::Aggregate::max);
  MetricSeries series(metric);
  drain(series, SamplesBuilder(CellKind::max, 4).cell(0, {}, {1, 0, 50, 0}));
  series.restart();
  drain(series, SamplesBuilder(CellKind::max, 4).cell(0, {}, {1, 0, 7, 0}));
  EXPECT_EQ(values(series), (Shown{{"", "50"}}));
}

TEST_F(SeriesCounting, MapsMadeAnewCountFromZeroAndTheSeriesGoOn) {
  const spec::Metric metric = counter();
  MetricSeries series(metric);
  drain(series, counts().cell(0, {}, {100}));
  series.restart();
  drain(series, counts().cell(0, {}, {3}));
  EXPECT_EQ(values(series), (Shown{{"", "103"}}));
}

TEST_F(SeriesCounting, TheTotalIsThatOfAllSeries) {
  const spec::Metric metric = counter({{"n", argument(0), {}}});
  MetricSeries series(metric);
  EXPECT_EQ(text_of(series.total()), "0");
  drain(series, counts_by_number().cell(0, {Int128{1}}, {10}).cell(0, {Int128{2}}, {32}));
  EXPECT_EQ(text_of(series.total()), "42");
}

TEST_F(SeriesCounting, TheTotalOfAHistogramIsThatOfEachBucket) {
  const spec::Metric metric = histogram({{1, 1}}, {{"n", argument(0), {}}});
  MetricSeries series(metric);
  drain(series, SamplesBuilder(CellKind::histogram, 4)
                    .with_integer()
                    .cell(0, {Int128{1}}, {7, 0, 1, 2})
                    .cell(0, {Int128{2}}, {5, 0, 3, 0}));
  EXPECT_EQ(text_of(series.total()), "4 2 sum 12");
}

TEST_F(SeriesCounting, TheFirstSeriesCanBeHadAlone) {
  const spec::Metric metric = counter({{"n", argument(0), {}}});
  MetricSeries series(metric);
  drain(series, counts_by_number().cell(0, {Int128{1}}, {10}).cell(0, {Int128{2}}, {32}));
  const MetricSnapshot first = series.collect(1);
  ASSERT_EQ(first.series.size(), 1U);
  EXPECT_EQ(first.series[0].labels, (LabelSet{{"n", "1"}}));
  EXPECT_EQ(series.size(), 2U);
}

TEST_F(SeriesCounting, ValuesWithFractionsAreScaledByThem) {
  spec::Metric metric = gauge();
  metric.scale = 1e-3;
  metric.keeps_fraction = true;
  MetricSeries series(metric);
  Samples samples = SamplesBuilder(CellKind::last, 4).cell(0, {}, {1, 2, 0, 1ULL << 31});
  samples.has_fraction = true;
  drain(series, samples);
  EXPECT_EQ(values(series), (Shown{{"", to_decimal((Int128{5} << fraction_bits) / 2)}}));
  EXPECT_EQ(series.collect().scale, 1e-3 / 4294967296.0);
}

TEST_F(SeriesCounting, SnapshotCarriesWhatThePrinterNeeds) {
  spec::Metric metric = histogram({{0.1, 100}, {0.5, 500}}, {{"n", argument(0), {}}});
  metric.scale = 1e-3;
  MetricSeries series(metric);
  SamplesBuilder samples(CellKind::histogram, 5);
  drain(series, samples.with_integer().cell(0, {Int128{1}}, {0, 0, 1, 0, 0}));
  const MetricSnapshot snapshot = series.collect();
  EXPECT_EQ(snapshot.name, "work_seconds");
  EXPECT_EQ(snapshot.help, "Help.");
  EXPECT_EQ(snapshot.type, spec::MetricType::histogram);
  EXPECT_EQ(snapshot.scale, 1e-3);
  EXPECT_EQ(snapshot.bounds, (std::vector<double>{0.1, 0.5}));
  EXPECT_EQ(snapshot.series.at(0).labels, (LabelSet{{"n", "1"}}));
}

}  // namespace
}  // namespace sdt::metrics
