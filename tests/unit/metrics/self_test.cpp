#include "metrics/self.h"

#include <algorithm>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace sdt::metrics {
namespace {

using namespace std::chrono_literals;

const MetricSnapshot* find(const std::vector<MetricSnapshot>& all, const std::string& name) {
  const auto found = std::ranges::find(all, "sdt_exporter_" + name, &MetricSnapshot::name);
  return found == all.end() ? nullptr : &*found;
}

std::string value_of(const std::vector<MetricSnapshot>& all, const std::string& name,
                     const LabelSet& labels) {
  const MetricSnapshot* metric = find(all, name);
  if (metric == nullptr) return "no such metric";
  const auto series = std::ranges::find(metric->series, labels, &SeriesSnapshot::labels);
  if (series == metric->series.end()) return "no such series";
  return to_decimal(std::get<Int128>(series->value));
}

SelfMetrics with_one_metric() {
  SelfMetrics self;
  self.version = "1.2.3";
  SelfMetrics::Metric metric;
  metric.name = "queries_total";
  metric.attached = true;
  metric.probes = {{"postgresql:query__start", 3, 100}};
  metric.attaches = 2;
  metric.detaches = 1;
  metric.attach_errors[Errc::permission] = 4;
  metric.lost[static_cast<std::size_t>(LossReason::map_full)] = 5;
  metric.series = 6;
  metric.series_limit = 1000;
  self.targets = {{"postgresql", 9, false, {metric}}};
  return self;
}

const LabelSet metric_labels = {{"metric", "queries_total"}, {"target", "postgresql"}};

TEST(SelfMetrics, SaysWhatIsRunning) {
  EXPECT_EQ(value_of(collect(with_one_metric()), "build_info", {{"version", "1.2.3"}}), "1");
}

TEST(SelfMetrics, ShowsWhatAHitCostsOnceThatIsKnown) {
  SelfMetrics self = with_one_metric();
  EXPECT_EQ(value_of(collect(self), "hit_cost_seconds", {}), "no such metric");
  self.hit_cost = 512.25ns;
  EXPECT_EQ(value_of(collect(self), "hit_cost_seconds", {}), "512250");
  EXPECT_EQ(find(collect(self), "hit_cost_seconds")->scale, 1e-12);
}

TEST(SelfMetrics, ShowsEveryMetricUnderItsTarget) {
  const auto all = collect(with_one_metric());
  EXPECT_EQ(value_of(all, "target_processes", {{"target", "postgresql"}}), "9");
  EXPECT_EQ(value_of(all, "metric_attached", metric_labels), "1");
  EXPECT_EQ(value_of(all, "target_waiting", {{"target", "postgresql"}}), "0");
  EXPECT_EQ(value_of(all, "attaches_total", metric_labels), "2");
  EXPECT_EQ(value_of(all, "detaches_total", metric_labels), "1");
  EXPECT_EQ(value_of(all, "series", metric_labels), "6");
  EXPECT_EQ(value_of(all, "series_limit", metric_labels), "1000");
}

TEST(SelfMetrics, ShowsSitesAndHitsOfEveryProbe) {
  const auto all = collect(with_one_metric());
  const LabelSet labels = {
      {"metric", "queries_total"}, {"probe", "postgresql:query__start"}, {"target", "postgresql"}};
  EXPECT_EQ(value_of(all, "probe_sites", labels), "3");
  EXPECT_EQ(value_of(all, "probe_hits_total", labels), "100");
}

TEST(SelfMetrics, ShowsEveryReasonOfALossFromTheStart) {
  const auto all = collect(with_one_metric());
  for (std::size_t i = 0; i < loss_reason_count; ++i) {
    const auto reason = static_cast<LossReason>(i);
    const LabelSet labels = {{"metric", "queries_total"},
                             {"reason", std::string(to_string(reason))},
                             {"target", "postgresql"}};
    EXPECT_EQ(value_of(all, "events_lost_total", labels),
              reason == LossReason::map_full ? "5" : "0");
  }
}

TEST(SelfMetrics, ShowsAttachErrorsByReason) {
  const auto all = collect(with_one_metric());
  EXPECT_EQ(
      value_of(all, "attach_errors_total",
               {{"metric", "queries_total"}, {"reason", "permission"}, {"target", "postgresql"}}),
      "4");
  EXPECT_EQ(value_of(all, "attach_errors_total",
                     {{"metric", "queries_total"}, {"reason", "io"}, {"target", "postgresql"}}),
            "0");
}

TEST(SelfMetrics, ShowsWhatAMetricCostsAndWhetherItTripped) {
  SelfMetrics self = with_one_metric();
  EXPECT_EQ(value_of(collect(self), "budget_tripped", metric_labels), "0");
  EXPECT_EQ(value_of(collect(self), "budget_trips_total", metric_labels), "0");
  self.targets[0].metrics[0].tripped = true;
  self.targets[0].metrics[0].trips = 3;
  self.targets[0].metrics[0].overhead_nanoseconds = 2500;
  EXPECT_EQ(value_of(collect(self), "budget_tripped", metric_labels), "1");
  EXPECT_EQ(value_of(collect(self), "budget_trips_total", metric_labels), "3");
  EXPECT_EQ(value_of(collect(self), "overhead_seconds_total", metric_labels), "2500");
}

TEST(SelfMetrics, LeavesOutWhatIsNotMeasured) {
  SelfMetrics self = with_one_metric();
  EXPECT_EQ(find(collect(self), "program_run_seconds_total"), nullptr);
  EXPECT_EQ(find(collect(self), "last_drain_timestamp_seconds"), nullptr);
  self.targets[0].metrics[0].run_nanoseconds = 1500;
  self.last_drain = SelfMetrics::WallTime(1'700'000'000s);
  EXPECT_EQ(value_of(collect(self), "program_run_seconds_total", metric_labels), "1500");
  EXPECT_EQ(value_of(collect(self), "last_drain_timestamp_seconds", {}), "1700000000000000000");
}

TEST(DurationHistogram, DurationEqualToABoundIsInItsBucket) {
  DurationHistogram histogram({1ms, 10ms});
  histogram.observe(1ms);
  histogram.observe(1ms + 1ns);
  histogram.observe(1s);
  const MetricSnapshot snapshot = histogram.collect("name", "help");
  const auto& value = std::get<HistogramValue>(snapshot.series.at(0).value);
  EXPECT_EQ(value.buckets, (std::vector<std::uint64_t>{1, 1, 1}));
  EXPECT_EQ(to_decimal(value.sum), "1002000001");
  EXPECT_EQ(snapshot.bounds, (std::vector<double>{0.001, 0.01}));
}

}  // namespace
}  // namespace sdt::metrics
