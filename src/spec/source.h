// Which probes make a metric's events.
//
// Purpose:   `probe`, or `start` + `end` with `key` and `nesting`, or `inc` + `dec`.
// Ownership: plain values.
// Thread:    any, one at a time.
#pragma once

#include <optional>

#include "spec/config.h"
#include "spec/reader.h"

namespace sdt::spec {

/// Reads the keys above from a metric; reports what is missing, too much or wrong.
[[nodiscard]] std::optional<EventSource> read_source(const MapReader& metric, Report& report);

}  // namespace sdt::spec
