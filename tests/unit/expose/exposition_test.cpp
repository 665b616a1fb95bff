#include "expose/exposition.h"

#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include "metrics/self.h"

namespace sdt::expose {
namespace {

using metrics::HistogramValue;
using metrics::LabelSet;
using metrics::MetricSnapshot;
using metrics::Snapshot;
using spec::MetricType;

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

MetricSnapshot metric(MetricType type, std::string name, double scale = 1) {
  return {std::move(name), "Help.", type, scale, {}, {}};
}

MetricSnapshot counter_of(Int128 value, double scale = 1) {
  MetricSnapshot one = metric(MetricType::counter, "c_total", scale);
  one.series.push_back({{}, value});
  return one;
}

std::string text_of(Snapshot snapshot) {
  return to_text(to_families(snapshot));
}

/// What follows the name of the only sample.
std::string shown(Int128 value, double scale = 1) {
  const std::string text = text_of({{counter_of(value, scale)}});
  const std::string before = "# HELP c_total Help.\n# TYPE c_total counter\nc_total ";
  EXPECT_EQ(text.substr(0, before.size()), before);
  return text.substr(before.size(), text.size() - before.size() - 1);
}

TEST(Exposition, CounterWithLabels) {
  MetricSnapshot requests = metric(MetricType::counter, "requests_total");
  requests.series.push_back({{{"code", "200"}, {"method", "get"}}, Int128{12}});
  requests.series.push_back({{{"code", "500"}, {"method", "get"}}, Int128{1}});
  EXPECT_EQ(text_of({{requests}}),
            "# HELP requests_total Help.\n"
            "# TYPE requests_total counter\n"
            "requests_total{code=\"200\",method=\"get\"} 12\n"
            "requests_total{code=\"500\",method=\"get\"} 1\n");
}

TEST(Exposition, GaugeMayBeNegative) {
  MetricSnapshot depth = metric(MetricType::gauge, "depth");
  depth.series.push_back({{}, Int128{-3}});
  EXPECT_EQ(text_of({{depth}}), "# HELP depth Help.\n# TYPE depth gauge\ndepth -3\n");
}

TEST(Exposition, HistogramBucketsAreCumulativeAndEndWithInfinity) {
  MetricSnapshot wait = metric(MetricType::histogram, "wait_seconds", 1e-9);
  wait.bounds = {1e-6, 0.1, 2.5};
  wait.series.push_back({{{"lock", "a"}}, HistogramValue{{1, 2, 0, 4}, 300'000'000}});
  EXPECT_EQ(text_of({{wait}}),
            "# HELP wait_seconds Help.\n"
            "# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{lock=\"a\",le=\"1e-06\"} 1\n"
            "wait_seconds_bucket{lock=\"a\",le=\"0.1\"} 3\n"
            "wait_seconds_bucket{lock=\"a\",le=\"2.5\"} 3\n"
            "wait_seconds_bucket{lock=\"a\",le=\"+Inf\"} 7\n"
            "wait_seconds_sum{lock=\"a\"} 0.3\n"
            "wait_seconds_count{lock=\"a\"} 7\n");
}

TEST(Exposition, HistogramWithoutLabels) {
  MetricSnapshot sizes = metric(MetricType::histogram, "sizes_bytes");
  sizes.bounds = {1024};
  sizes.series.push_back({{}, HistogramValue{{0, u64_max}, -5}});
  EXPECT_EQ(text_of({{sizes}}),
            "# HELP sizes_bytes Help.\n"
            "# TYPE sizes_bytes histogram\n"
            "sizes_bytes_bucket{le=\"1024\"} 0\n"
            "sizes_bytes_bucket{le=\"+Inf\"} 18446744073709551615\n"
            "sizes_bytes_sum -5\n"
            "sizes_bytes_count 18446744073709551615\n");
}

TEST(Exposition, LargeWholeNumbersKeepAllTheirDigits) {
  EXPECT_EQ(shown(Int128{1} << 53), "9007199254740992");
  EXPECT_EQ(shown(Int128{1} << 54), "18014398509481984");
  EXPECT_EQ(shown(Int128{u64_max}), "18446744073709551616");  // the nearest double
}

TEST(Exposition, WholeNumbersAreRoundedOnlyOnce) {
  // Just above the middle between two doubles. By way of 64 bits of precision it would be rounded
  // to the middle first and then down.
  const Int128 just_above_middle = (Int128{1} << 116) + (Int128{1} << 63) + 1;
  EXPECT_EQ(scaled(just_above_middle, 1), 0x1.0000000000001p116);
}

TEST(Exposition, NanosecondsAreExactSeconds) {
  EXPECT_EQ(shown(300'000'000, 1e-9), "0.3");
  EXPECT_EQ(shown(1, 1e-9), "1e-09");
  EXPECT_EQ(shown(1'000'000'001, 1e-9), "1.000000001");
  EXPECT_EQ(shown(7, 1e-3), "0.007");
}

TEST(Exposition, OtherScalesMultiply) {
  EXPECT_EQ(shown(3, 8192), "24576");
  EXPECT_EQ(shown(-4, 2.5), "-10");
}

TEST(Exposition, LabelValuesAreEscaped) {
  MetricSnapshot one = metric(MetricType::gauge, "g");
  one.series.push_back({{{"path", "a\"b\\c\nd"}}, Int128{1}});
  EXPECT_EQ(text_of({{one}}),
            "# HELP g Help.\n# TYPE g gauge\n"
            "g{path=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(Exposition, LabelValuesThatAreNotUtf8AreReplaced) {
  MetricSnapshot one = metric(MetricType::gauge, "g");
  one.series.push_back({{{"s", std::string("a\xFF\0", 3)}}, Int128{1}});
  EXPECT_EQ(text_of({{one}}),
            "# HELP g Help.\n# TYPE g gauge\n"
            "g{s=\"a\xEF\xBF\xBD\xEF\xBF\xBD\"} 1\n");
}

TEST(Exposition, HelpKeepsQuotesAndEscapesNewlinesAndBackslashes) {
  MetricSnapshot one = metric(MetricType::gauge, "g");
  one.help = "Says \"a\\b\"\nand more.";
  EXPECT_EQ(text_of({{one}}), "# HELP g Says \"a\\\\b\"\\nand more.\n# TYPE g gauge\n");
}

TEST(Exposition, FamiliesStandInNameOrder) {
  MetricSnapshot b = metric(MetricType::gauge, "b");
  MetricSnapshot a = metric(MetricType::gauge, "a");
  EXPECT_EQ(text_of({{b, a}}),
            "# HELP a Help.\n# TYPE a gauge\n"
            "# HELP b Help.\n# TYPE b gauge\n");
}

TEST(Exposition, FamilyOfSeveralTargetsIsShownOnce) {
  MetricSnapshot one = metric(MetricType::counter, "gc_total");
  one.series.push_back({{{"app", "b"}}, Int128{1}});
  MetricSnapshot two = metric(MetricType::counter, "gc_total");
  two.series.push_back({{{"app", "a"}}, Int128{2}});
  EXPECT_EQ(text_of({{one, two}}),
            "# HELP gc_total Help.\n# TYPE gc_total counter\n"
            "gc_total{app=\"a\"} 2\n"
            "gc_total{app=\"b\"} 1\n");
}

TEST(Exposition, SeriesThatSeveralTargetsHaveInCommonAddUp) {
  MetricSnapshot one = metric(MetricType::histogram, "gc_seconds", 1e-9);
  one.bounds = {0.5};
  MetricSnapshot two = one;
  one.series.push_back({{}, HistogramValue{{1, 2}, 4'000'000'000}});
  two.series.push_back({{}, HistogramValue{{10, 20}, 1'000'000'000}});
  EXPECT_EQ(text_of({{one, two}}),
            "# HELP gc_seconds Help.\n# TYPE gc_seconds histogram\n"
            "gc_seconds_bucket{le=\"0.5\"} 11\n"
            "gc_seconds_bucket{le=\"+Inf\"} 33\n"
            "gc_seconds_sum 5\n"
            "gc_seconds_count 33\n");
}

TEST(Exposition, ExtremesThatSeveralTargetsHaveInCommonAreTheirExtreme) {
  const auto shown_of = [](spec::Aggregate aggregate) {
    MetricSnapshot one = metric(MetricType::gauge, "g");
    one.aggregate = aggregate;
    MetricSnapshot two = one;
    one.series.push_back({{}, Int128{-3}});
    two.series.push_back({{}, Int128{5}});
    return text_of({{one, two}});
  };
  const std::string head = "# HELP g Help.\n# TYPE g gauge\n";
  EXPECT_EQ(shown_of(spec::Aggregate::min), head + "g -3\n");
  EXPECT_EQ(shown_of(spec::Aggregate::max), head + "g 5\n");
}

TEST(Exposition, OwnMetricsRenderLikeAnyOther) {
  metrics::SelfMetrics self;
  self.version = "1.2.3";
  self.last_drain = metrics::SelfMetrics::WallTime(std::chrono::milliseconds(1'700'000'000'250));
  const std::string text = text_of({metrics::collect(self)});
  EXPECT_NE(text.find("# TYPE sdt_exporter_build_info gauge\n"
                      "sdt_exporter_build_info{version=\"1.2.3\"} 1\n"),
            std::string::npos);
  EXPECT_NE(text.find("\nsdt_exporter_last_drain_timestamp_seconds 1700000000.25\n"),
            std::string::npos);
  EXPECT_NE(text.find("\nsdt_exporter_attach_delay_seconds_bucket{le=\"0.0025\"} 0\n"),
            std::string::npos);
}

}  // namespace
}  // namespace sdt::expose
