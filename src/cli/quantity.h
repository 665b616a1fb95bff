// Numbers of metrics as people read them.
//
// Purpose:   4.1ms in place of 0.0041, by the unit that the metric's name ends in.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/int128.h"

namespace sdt::cli {

enum class Unit : std::uint8_t { none, seconds, bytes };

/// Of the numbers of a metric: _seconds, _bytes, with or without _total behind.
[[nodiscard]] Unit unit_of(std::string_view metric_name);

/// Three digits that matter, and all of those before the point; in the largest unit of which it is
/// at least one: "800ns", "1.5KiB", "12345", "0.25".
[[nodiscard]] std::string quantity(double number, Unit unit);

/// The same of a raw value. Whole numbers without a unit are shown to their last digit.
[[nodiscard]] std::string quantity(Int128 raw, double scale, Unit unit);

}  // namespace sdt::cli
