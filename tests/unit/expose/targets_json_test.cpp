#include "expose/targets_json.h"

#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "view_builder.h"

namespace sdt::expose {
namespace {

using namespace std::chrono_literals;
using metrics::HistogramValue;
using nlohmann::json;
using spec::MetricType;

json json_of(TargetView target) {
  return json::parse(targets_json(view_of({std::move(target)})))["targets"][0];
}

json json_of(MetricView metric) {
  return json_of(target_of("shop", {std::move(metric)}))["metrics"][0];
}

/// As text: a number that took a detour through floating point would show.
std::string value_text(Int128 value, double scale = 1) {
  MetricView metric = counter_of(value);
  metric.snapshot.scale = scale;
  return json_of(std::move(metric))["value"].dump();
}

TEST(TargetsJson, WithoutTargets) {
  EXPECT_EQ(targets_json(view_of({})),
            R"({"version":"1.2.3","age_nanoseconds":300000000,"targets":[]})"
            "\n");
}

TEST(TargetsJson, ATarget) {
  TargetView target = target_of("shop", {});
  target.processes = {{{4711, "/usr/bin/shop", "shop-main"}}, 5};
  target.budget.hits_per_second = 5000;
  EXPECT_EQ(json_of(target), json::parse(R"({
    "name": "shop",
    "state": "counting",
    "budget": {"cpu": 0.1, "hits_per_second": 5000, "retry_after_nanoseconds": 60000000000},
    "hits_per_second": null,
    "cpu": null,
    "process_count": 5,
    "processes": [{"pid": 4711, "exe": "/usr/bin/shop", "comm": "shop-main"}],
    "metrics": []
  })"));
}

TEST(TargetsJson, AMetricWithEverything) {
  MetricView metric = counter_of(12);
  metric.snapshot.help = "Work done.";
  metric.snapshot.series = {{{{"kind", "a"}}, Int128{12}}};
  metric.series_total = 2;
  metric.lately = lately_of(20, 12.5, 0.25);
  metric.probes = {{{"app:work", 2, 20}}, 1};
  metric.files = {{{"/bin/app", {{{"app:work", 2}}, 1}, {{"app:work at 0x10 is a breakpoint"}, 1}}},
                  1};
  metric.self.series = 1;
  metric.self.trips = 3;
  metric.self.overhead_nanoseconds = 4;
  metric.self.filtered = 5;
  metric.self.folded = 6;
  metric.self.foreign_hits = 7;
  metric.self.strings_cut = 8;
  metric.self.attaches = 9;
  metric.self.detaches = 10;
  metric.self.attach_errors[Errc::busy] = 11;
  metric.self.lost[static_cast<std::size_t>(LossReason::fault)] = 13;
  EXPECT_EQ(json_of(metric), json::parse(R"({
    "name": "work_total", "type": "counter", "help": "Work done.",
    "declared": {"probe": "app:work"},
    "state": "attached", "reason": "", "retry_in_seconds": null,
    "tripped": false, "on_probation": false, "budget_trips": 3,
    "lately": {"nanoseconds": 12000000000, "hits_per_second": 20.0, "cpu": 0.25, "per_second": 12.5},
    "value": 12,
    "series_used": 1, "series_limit": 1000, "series_count": 2,
    "series": [{"labels": {"kind": "a"}, "value": 12}],
    "overhead_nanoseconds": 4,
    "events_lost": {"map_full": 0, "no_start": 0, "start_replaced": 0, "start_expired": 0, "fault": 13,
                    "recursion": 0, "unclassified": 0, "out_of_range": 0},
    "events_filtered": 5, "events_folded": 6, "foreign_hits": 7, "strings_cut": 8,
    "attaches": 9, "detaches": 10,
    "attach_errors": {"invalid": 0, "not_found": 0, "permission": 0, "unsupported": 0, "exhausted": 0,
                      "busy": 11, "gone": 0, "io": 0},
    "probe_count": 1, "probes": [{"name": "app:work", "sites": 2, "hits": 20}],
    "file_count": 1,
    "files": [{"path": "/bin/app", "probe_count": 1, "probes": [{"probe": "app:work", "sites": 2}],
               "refused_count": 1, "refused": ["app:work at 0x10 is a breakpoint"]}]
  })"));
}

TEST(TargetsJson, FieldsKeepTheirOrder) {
  const std::string text = targets_json(view_of({target_of("shop", {counter_of(1)})}));
  EXPECT_LT(text.find("\"name\""), text.find("\"state\""));
  EXPECT_LT(text.find("\"state\""), text.find("\"metrics\""));
}

TEST(TargetsJson, AHistogramHasItsBuckets) {
  MetricView metric = histogram_of({0.001, 0.01}, HistogramValue{{2, 1, 0}, 7'000'000});
  metric.lately = lately_of(1, 1);
  metric.lately->buckets = {1, 0, 0};
  const json value = json_of(std::move(metric));
  EXPECT_EQ(value["value"], json::parse(R"({"count": 3, "sum": 0.007, "bounds": [0.001, 0.01],
                                            "buckets": [2, 1, 0]})"));
  EXPECT_EQ(value["series"],
            json::parse(R"([{"labels": {}, "value": {"count": 3, "sum": 0.007}}])"));
  EXPECT_EQ(value["lately"]["buckets"], json::parse("[1, 0, 0]"));
}

TEST(TargetsJson, WholeNumbersAreWhole) {
  EXPECT_EQ(value_text(0), "0");
  EXPECT_EQ(value_text((Int128{1} << 53) + 1), "9007199254740993");
  EXPECT_EQ(value_text(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(value_text(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(value_text(3, 1024), "3072");
}

TEST(TargetsJson, OtherNumbersAreAsInTheMetrics) {
  EXPECT_EQ(value_text(300'000'000, 1e-9), "0.3");
  EXPECT_EQ(value_text(Int128{1} << 64), "1.8446744073709552e+19");
  EXPECT_EQ(value_text(std::numeric_limits<std::uint64_t>::max(), 1024), "1.888946593147858e+22");
}

TEST(TargetsJson, AGaugeOfOneSeriesHasAValueAndOneOfManyHasNot) {
  MetricView metric = metric_of(MetricType::gauge, "depth");
  EXPECT_EQ(json_of(metric)["value"], json());
  metric.snapshot.series = {{{}, Int128{-3}}};
  metric.total = Int128{-3};
  metric.series_total = 1;
  EXPECT_EQ(json_of(metric)["value"], -3);
  metric.series_total = 2;
  EXPECT_EQ(json_of(metric)["value"], json());
}

TEST(TargetsJson, AMetricThatTripped) {
  MetricView metric = counter_of(0);
  metric.state = AttachState::tripped;
  metric.self.tripped = true;
  metric.reason = "too many hits";
  metric.retry_in = 59s;
  const json value = json_of(std::move(metric));
  EXPECT_EQ(value["state"], "tripped");
  EXPECT_EQ(value["reason"], "too many hits");
  EXPECT_EQ(value["retry_in_seconds"], 59);
  EXPECT_EQ(value["tripped"], true);
}

TEST(TargetsJson, ATargetsRatesAreTheSumsOfItsMetrics) {
  MetricView one = counter_of(1);
  one.lately = lately_of(20, 1, 0.25);
  MetricView two = counter_of(1);
  two.lately = lately_of(5, 1, 0.5);
  const json target = json_of(target_of("shop", {one, two, counter_of(1)}));
  EXPECT_EQ(target["hits_per_second"], 25);
  EXPECT_EQ(target["cpu"], 0.75);
}

TEST(TargetsJson, WhatIsNotUtf8IsReplaced) {
  TargetView target = target_of("shop", {});
  target.processes = {{{1, "/bin/a\xFF\xC3", "\"\n\xE2"}}, 1};
  EXPECT_EQ(json_of(target)["processes"][0]["exe"], "/bin/a\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(json_of(target)["processes"][0]["comm"], "\"\n\xEF\xBF\xBD");
}

}  // namespace
}  // namespace sdt::expose
