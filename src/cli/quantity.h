// Numbers of metrics as a terminal shows them.
//
// Purpose:   4.1ms in place of 0.0041: no wider than a column of a table can be.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>

#include "base/int128.h"
#include "expose/readable.h"

namespace sdt::cli {

using expose::Unit;

/// Three digits that matter, and all of those before the point; in the largest unit of which it is
/// at least one: "800ns", "1.5KiB", "12345", "0.25".
[[nodiscard]] std::string quantity(double number, Unit unit);

/// The same of a raw value. Whole numbers without a unit are shown to their last digit.
[[nodiscard]] std::string quantity(Int128 raw, double scale, Unit unit);

}  // namespace sdt::cli
