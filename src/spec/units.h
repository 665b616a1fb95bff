// Numbers with units: durations, sizes, plain numbers.
//
// Purpose:   read what a person writes (100us, 4KiB, 1e-9, 0x10) without losing a digit: integers
//            stay integers, decimals become the nearest binary number once, at the end.
// Ownership: plain values.
// Thread:    any; pure, independent of the locale.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "base/int128.h"

namespace sdt::spec {

/// The units, for messages.
inline constexpr std::string_view duration_units = "ns, us, ms, s, m, h";
inline constexpr std::string_view size_units = "B, KiB, MiB, GiB, kB, MB, GB";

/// A value or a phrase that says what is wrong with the text.
template <class T>
using Reading = tl::expected<T, std::string>;

/// A number as an expression uses it: decimal, 0x hexadecimal, a duration in nanoseconds, a size in
/// bytes. A fraction is fine as long as the result is whole (1.5ms). Without a sign; at most
/// UINT64_MAX.
[[nodiscard]] Reading<Int128> parse_whole(std::string_view text);

/// A duration with its unit; never negative.
[[nodiscard]] Reading<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// A number in exported units: seconds for durations, bytes for sizes, plain numbers as they are
/// (sign, fraction and exponent allowed). Finite. The long double is within one part in 2^63 of the
/// decimal, which tells 0.1 from its neighbours that a double cannot.
[[nodiscard]] Reading<long double> parse_quantity(std::string_view text);

/// The double that prints as the decimal a person had in mind: when `value` is, within its
/// precision, a decimal of at most 15 digits, the double nearest to that decimal; else the double
/// nearest to `value`.
[[nodiscard]] double nearest_double(long double value);

/// A whole decimal number without sign or unit, of at most `largest`; -1 when it is none.
[[nodiscard]] std::int64_t parse_count(std::string_view text, std::int64_t largest);

}  // namespace sdt::spec
