#include "expose/targets_view.h"

#include <iterator>
#include <numeric>

namespace sdt::expose {
namespace {

std::optional<double> sum_of(const TargetView& target, double Lately::*figure) {
  std::optional<double> sum;
  for (const MetricView& metric : target.metrics) {
    if (metric.lately) sum = sum.value_or(0) + (*metric.lately).*figure;
  }
  return sum;
}

}  // namespace

std::string_view to_string(AttachState state) {
  switch (state) {
    case AttachState::attached:
      return "attached";
    case AttachState::waiting:
      return "waiting";
    case AttachState::failed:
      return "failed";
    case AttachState::tripped:
      return "tripped";
  }
  return "";
}

std::string_view to_string(spec::MetricType type) {
  switch (type) {
    case spec::MetricType::counter:
      return "counter";
    case spec::MetricType::gauge:
      return "gauge";
    case spec::MetricType::histogram:
      return "histogram";
  }
  return "";
}

std::optional<double> hits_per_second(const TargetView& target) {
  return sum_of(target, &Lately::hits_per_second);
}

std::optional<double> cpu_share(const TargetView& target) {
  return sum_of(target, &Lately::cpu);
}

std::uint64_t lost_events(const MetricView& metric) {
  return std::accumulate(std::begin(metric.self.lost), std::end(metric.self.lost),
                         std::uint64_t{0});
}

}  // namespace sdt::expose
