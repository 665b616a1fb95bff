// The Prometheus text exposition.
//
// Purpose:   Snapshot → prometheus-cpp's families → text, the daemon's own metrics included.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>
#include <vector>

#include "base/int128.h"
#include "metrics/snapshot.h"

namespace prometheus {
struct MetricFamily;
}

namespace sdt::expose {

/// Families in name order, every family once even when several targets declare it; series of the
/// same labels are then added up, because one exposition must not have a series twice. Label values
/// that are not UTF-8 get U+FFFD in place of each offending byte.
[[nodiscard]] std::vector<prometheus::MetricFamily> to_families(const metrics::Snapshot& snapshot);

/// Text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
[[nodiscard]] std::string to_text(const std::vector<prometheus::MetricFamily>& families);

/// Both steps at once, for callers that have no business with prometheus-cpp's types.
[[nodiscard]] std::string to_text(const metrics::Snapshot& snapshot);

/// A raw integer as the number that is shown. Exactly rounded for 1 and for scales that are one
/// over a whole number, such as 1e-9: 300000000 ns are 0.3 s and not 0.30000000000000004.
[[nodiscard]] double scaled(Int128 raw, double scale);

inline constexpr const char* text_content_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace sdt::expose
