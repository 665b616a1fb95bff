// Metrics of the spec, made by hand.
//
// Purpose:   tests name only what matters to them; the rest is as a loaded spec would have it.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "spec/config.h"

namespace sdt::fakes {

inline spec::IntExpr argument(std::uint8_t index) {
  return {{spec::Load{spec::Source::argument, index}}};
}
inline spec::IntExpr source(spec::Source what) {
  return {{spec::Load{what, 0}}};
}
inline spec::ReadString string_argument(std::uint8_t index) {
  return {argument(index), 64, {}};
}

inline spec::Metric metric_of(spec::MetricType type, std::string name,
                              std::vector<spec::Label> labels = {}) {
  spec::Metric metric;
  metric.name = std::move(name);
  metric.help = "Help.";
  metric.type = type;
  metric.source = spec::SingleProbe{{Glob("app"), Glob("work")}};
  metric.value = {{spec::Constant{1}}};
  metric.labels = std::move(labels);
  metric.max_series = 1000;
  return metric;
}
inline spec::Metric counter(std::vector<spec::Label> labels = {}) {
  return metric_of(spec::MetricType::counter, "work_total", std::move(labels));
}
inline spec::Metric gauge(std::vector<spec::Label> labels = {}) {
  return metric_of(spec::MetricType::gauge, "work_size", std::move(labels));
}
inline spec::Metric histogram(std::vector<spec::Bound> bounds,
                              std::vector<spec::Label> labels = {}) {
  spec::Metric metric = metric_of(spec::MetricType::histogram, "work_seconds", std::move(labels));
  metric.bounds = std::move(bounds);
  return metric;
}

}  // namespace sdt::fakes
