// A histogram of durations that the daemon measures of itself.
//
// Purpose:   drain durations and attach delays, in whole nanoseconds.
// Ownership: plain value.
// Thread:    one at a time.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "metrics/snapshot.h"

namespace sdt::metrics {

class DurationHistogram {
 public:
  /// Upper bounds, ascending and inclusive.
  explicit DurationHistogram(std::vector<std::chrono::nanoseconds> bounds);

  void observe(std::chrono::nanoseconds duration);

  /// As a metric in seconds, with one series without labels.
  [[nodiscard]] MetricSnapshot collect(std::string name, std::string help) const;

 private:
  std::vector<std::chrono::nanoseconds> bounds_;
  HistogramValue value_;
};

}  // namespace sdt::metrics
