// Targets and metrics on their way: what was read, where it stood, and whether it is whole.
//
// Purpose:   let checks across files (names, families) point at the right line and leave out what
//            is broken anyway.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <cstdint>
#include <vector>

#include "spec/budget.h"
#include "spec/config.h"
#include "spec/report.h"
#include "spec/yaml.h"

namespace sdt::spec {

/// The largest `max_series`: a map of a million keys of 1 KiB is a gigabyte already.
inline constexpr std::int64_t largest_max_series = 1'000'000;

struct MetricDraft {
  Metric metric;          ///< max_series is 0 when the default is to be used
  Place at;               ///< of its name
  bool complete = false;  ///< read without an error
};

struct TargetDraft {
  Target target;  ///< its metrics are still below
  Place at;       ///< of its name
  std::vector<MetricDraft> metrics;
  BudgetDraft budget;
};

[[nodiscard]] MetricDraft read_metric(const Node& node, Report& report);
[[nodiscard]] TargetDraft read_target(const Node& node, Report& report);

}  // namespace sdt::spec
