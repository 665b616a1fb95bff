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
[[nodiscard]] std::uint64_t events_between(CellKind kind, Words before, Words after,
                                           bool has_fraction = false);

/// What a series of extremes holds before its first value: no value is so high, or so low.
inline constexpr Int128 above_all = Int128{1} << 100;
inline constexpr Int128 below_all = -above_all;

/// When a cell of kind `last` was set, in ns of CLOCK_MONOTONIC.
[[nodiscard]] std::uint64_t time_set(Words words);

/// Adds what was recorded between two readings to `value`; a cell of kind `last` sets it, `min` and
/// `max` let it go down or up.
/// `value` holds a HistogramValue of as many buckets as the cell for CellKind::histogram, and an
/// Int128 for every other kind. Of cells with fractions the value is in units of 2^-32.
void add_difference(CellKind kind, Words before, Words after, SeriesValue& value,
                    bool has_fraction = false);

}  // namespace sdt::metrics
