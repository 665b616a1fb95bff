// The bounds of a histogram.
//
// Purpose:   a list, exponential, linear or log2 → ascending bounds, each as the number that `le`
//            prints and as the largest raw integer that is still inside.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <optional>
#include <vector>

#include "spec/config.h"
#include "spec/report.h"
#include "spec/yaml.h"

namespace sdt::spec {

/// The largest integer r with r * scale <= upper, at most UINT64_MAX; nothing when even INT64_MIN
/// is above the bound. `scale` is positive.
[[nodiscard]] std::optional<Int128> raw_bound(long double upper, long double scale);

/// What is between raw_bound() and the bound itself, in units of 2^-32, rounded to the nearest as
/// floating-point arguments are; at most the largest number below 1.
[[nodiscard]] std::uint32_t fraction_of_bound(long double upper, long double scale);

/// Reads the value of `buckets`. `scale` is exported units per raw unit. `keeps_fraction`: see
/// Metric.
[[nodiscard]] std::optional<std::vector<Bound>> read_buckets(const Node& node, long double scale,
                                                             bool keeps_fraction, Report& report);

}  // namespace sdt::spec
