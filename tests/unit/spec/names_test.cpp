// Prometheus's rules and advice for names, and the hints for slips.
#include "spec/names.h"

#include <array>

#include <gmock/gmock.h>

#include "spec/words.h"

namespace sdt::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(MetricNames, FollowTheDataModel) {
  EXPECT_EQ(metric_name_error("http_requests_total"), "");
  EXPECT_EQ(metric_name_error("_x:y9"), "");
  for (const std::string name : {"", "9x", "a-b", "a b", "é", "a.b"}) {
    EXPECT_THAT(metric_name_error(name), HasSubstr("is not a metric name")) << name;
  }
}

TEST(MetricNames, AreNotTheExportersOwnNorPrometheus) {
  EXPECT_THAT(metric_name_error("sdt_exporter_x"), HasSubstr("the exporter's own"));
  EXPECT_THAT(metric_name_error("process_open_fds"), HasSubstr("is taken"));
  EXPECT_THAT(metric_name_error("up"), HasSubstr("is taken"));
}

TEST(MetricNames, GetAdviceOnSuffixes) {
  EXPECT_THAT(metric_name_advice("a_total", MetricType::counter, false), IsEmpty());
  EXPECT_THAT(metric_name_advice("a", MetricType::counter, false),
              ElementsAre("a counter's name ends in _total: a_total"));
  EXPECT_THAT(metric_name_advice("a_total", MetricType::gauge, false),
              ElementsAre("only counters end in _total"));
  EXPECT_THAT(metric_name_advice("a_count", MetricType::gauge, false),
              ElementsAre("_count is the name of a part of a histogram"));
}

TEST(MetricNames, GetAdviceOnUnits) {
  EXPECT_THAT(metric_name_advice("wait_ms", MetricType::gauge, false),
              ElementsAre("the unit is seconds in place of ms (`scale` converts)"));
  EXPECT_THAT(metric_name_advice("wait", MetricType::histogram, true),
              ElementsAre("the value is a time in seconds, so the name ends in _seconds"));
  EXPECT_THAT(metric_name_advice("wait_seconds", MetricType::histogram, true), IsEmpty());
  EXPECT_THAT(metric_name_advice("wait_seconds_total", MetricType::counter, true), IsEmpty());
}

TEST(MetricNames, GetAdviceOnLettersAndColons) {
  EXPECT_THAT(metric_name_advice("fooBar", MetricType::gauge, false),
              ElementsAre("names are written in snake_case"));
  EXPECT_THAT(metric_name_advice("a:b", MetricType::gauge, false),
              ElementsAre("a colon is for the names of recording rules"));
}

TEST(LabelNames, FollowTheDataModel) {
  EXPECT_EQ(label_name_error("path"), "");
  EXPECT_EQ(label_name_error("_x9"), "");
  EXPECT_EQ(label_name_error("target"), "");
  for (const std::string name : {"", "9x", "a:b", "a-b"}) {
    EXPECT_THAT(label_name_error(name), HasSubstr("is not a label name")) << name;
  }
  EXPECT_THAT(label_name_error("le"), HasSubstr("belongs to histograms"));
  EXPECT_THAT(label_name_error("quantile"), HasSubstr("belongs to histograms"));
  EXPECT_THAT(label_name_error("__name__"), HasSubstr("Prometheus's own"));
}

TEST(LabelNames, GetAdvice) {
  EXPECT_EQ(label_name_advice("path"), "");
  EXPECT_THAT(label_name_advice("job"), HasSubstr("exported_job"));
  EXPECT_THAT(label_name_advice("fooBar"), HasSubstr("snake_case"));
}

TEST(Hints, FindTheNearestWord) {
  constexpr std::array<std::string_view, 3> words = {"labels", "buckets", "max_series"};
  EXPECT_EQ(closest("lables", words), "labels");
  EXPECT_EQ(closest("bucket", words), "buckets");
  EXPECT_EQ(closest("max-series", words), "max_series");
  EXPECT_EQ(closest("zebra", words), "");
  EXPECT_EQ(closest("la", words), "");
  EXPECT_EQ(closest(std::string(100, 'a'), words), "");
}

TEST(Hints, QuotedTextIsPrintableAndShort) {
  EXPECT_EQ(in_quotes("a\nb\x01"), "\"a\\nb\\x01\"");
  EXPECT_EQ(in_quotes(std::string(100, 'a')), "\"" + std::string(80, 'a') + "…\"");
}

}  // namespace
}  // namespace sdt::spec
