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

/// Reads the value of `buckets`. `scale` is exported units per raw unit.
[[nodiscard]] std::optional<std::vector<Bound>> read_buckets(const Node& node, long double scale,
                                                             Report& report);

}  // namespace sdt::spec
