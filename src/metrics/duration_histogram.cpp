#include "metrics/duration_histogram.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace sdt::metrics {
namespace {

constexpr double nanoseconds_per_second = 1e9;

}  // namespace

DurationHistogram::DurationHistogram(std::vector<std::chrono::nanoseconds> bounds)
    : bounds_(std::move(bounds)) {
  value_.buckets.resize(bounds_.size() + 1);
}

void DurationHistogram::observe(std::chrono::nanoseconds duration) {
  const auto bucket = std::ranges::lower_bound(bounds_, duration);
  ++value_.buckets[static_cast<std::size_t>(bucket - bounds_.begin())];
  value_.sum += Int128{duration.count()};
}

MetricSnapshot DurationHistogram::collect(std::string name, std::string help) const {
  MetricSnapshot snapshot;
  snapshot.name = std::move(name);
  snapshot.help = std::move(help);
  snapshot.type = spec::MetricType::histogram;
  snapshot.scale = 1 / nanoseconds_per_second;
  for (const std::chrono::nanoseconds bound : bounds_) {
    snapshot.bounds.push_back(static_cast<double>(bound.count()) / nanoseconds_per_second);
  }
  snapshot.series.push_back({{}, value_});
  return snapshot;
}

}  // namespace sdt::metrics
