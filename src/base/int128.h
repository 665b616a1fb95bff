// 128-bit integers: the range that holds every int64 and every uint64, and sums of them without
// overflow.
//
// Purpose:   raw values, bucket bounds and sums are exact until they are printed.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <cstdint>
#include <string>

namespace sdt {

__extension__ using Int128 = __int128;

/// Decimal digits with a leading '-' where negative.
[[nodiscard]] std::string to_decimal(Int128 value);

}  // namespace sdt
