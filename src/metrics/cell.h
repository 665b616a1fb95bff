// Arithmetic on the words of a cell (base/samples.h says what they mean).
//
// Purpose:   what happened between two readings of one cell, exactly, wrap-around included.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <span>

#include "base/samples.h"
#include "metrics/snapshot.h"

namespace sdt::metrics {

/// The words of one cell; two readings of a cell have the same length.
using Words = std::span<const std::uint64_t>;

/// Events that were recorded between two readings.
[[nodiscard]] std::uint64_t events_between(CellKind kind, Words before, Words after);

/// Adds what was recorded between two readings to `value`; a cell of kind `last` sets it.
/// `value` holds a HistogramValue of as many buckets as the cell for CellKind::histogram, and an
/// Int128 for every other kind.
void add_difference(CellKind kind, Words before, Words after, SeriesValue& value);

}  // namespace sdt::metrics
