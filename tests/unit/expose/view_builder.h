// Views of targets, made by hand.
//
// Purpose:   tests of the pages name only what matters to them; the rest is as the daemon would
//            have it.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "expose/targets_view.h"

namespace sdt::expose {

/// Attached, with no events yet.
inline MetricView metric_of(spec::MetricType type, std::string name) {
  MetricView metric;
  metric.self.name = std::move(name);
  metric.self.attached = true;
  metric.self.series_limit = 1000;
  metric.state = AttachState::attached;
  metric.declared = {{"probe", "app:work"}};
  metric.snapshot.name = metric.self.name;
  metric.snapshot.type = type;
  metric.total = Int128{0};
  return metric;
}

inline MetricView counter_of(Int128 value, std::string name = "work_total") {
  MetricView metric = metric_of(spec::MetricType::counter, std::move(name));
  metric.total = value;
  metric.snapshot.series.push_back({{}, value});
  metric.series_total = 1;
  return metric;
}

/// In nanoseconds, with one series.
inline MetricView histogram_of(std::vector<double> bounds, metrics::HistogramValue value,
                               std::string name = "work_seconds") {
  MetricView metric = metric_of(spec::MetricType::histogram, std::move(name));
  metric.snapshot.scale = 1e-9;
  metric.snapshot.bounds = std::move(bounds);
  metric.snapshot.series.push_back({{}, value});
  metric.total = std::move(value);
  metric.series_total = 1;
  return metric;
}

inline Lately lately_of(double hits_per_second, double per_second, double cpu = 0) {
  using namespace std::chrono_literals;
  return {12s, hits_per_second, cpu, per_second, {}};
}

inline TargetView target_of(std::string name, std::vector<MetricView> metrics) {
  TargetView target;
  target.name = std::move(name);
  target.is_waiting = false;
  target.metrics = std::move(metrics);
  return target;
}

inline TargetsView view_of(std::vector<TargetView> targets) {
  using namespace std::chrono_literals;
  return {"1.2.3", "/metrics", 300ms, std::move(targets)};
}

}  // namespace sdt::expose
