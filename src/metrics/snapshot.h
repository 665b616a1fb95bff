// A moment's metrics as plain values, ready to be printed.
//
// Purpose:   the border between counting and showing. Counts and sums are still integers here; the
//            scale that makes them seconds is applied when they are printed.
// Ownership: plain values, published as std::shared_ptr<const Snapshot>.
// Thread:    any.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/int128.h"
#include "spec/config.h"

namespace sdt::metrics {

using LabelSet = std::vector<std::pair<std::string, std::string>>;  ///< sorted by name

struct HistogramValue {
  std::vector<std::uint64_t>
      buckets;     ///< not cumulative: one a bound, and one above the last bound
  Int128 sum = 0;  ///< raw units
};

/// A counter's or gauge's raw total, or a histogram.
using SeriesValue = std::variant<Int128, HistogramValue>;

struct SeriesSnapshot {
  LabelSet labels;
  SeriesValue value;
};

struct MetricSnapshot {
  std::string name;
  std::string help;
  spec::MetricType type = spec::MetricType::counter;
  double scale = 1;
  std::vector<double> bounds;  ///< `le` of each bucket, without +Inf
  std::vector<SeriesSnapshot> series;
  spec::Aggregate aggregate = spec::Aggregate::last;
};

/// Metrics of one name (a family) may come from several targets: they are printed together.
struct Snapshot {
  std::vector<MetricSnapshot> metrics;
};

}  // namespace sdt::metrics
