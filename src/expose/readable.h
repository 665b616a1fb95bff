// Numbers as people read them.
//
// Purpose:   the pages round and name units: 1,234,567, 4.1 ms, 0.03 %. What machines read is in
//            exposition.h.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sdt::expose {

/// "1,234,567"
[[nodiscard]] std::string readable(std::uint64_t count);
/// Three digits that matter, and all of those before the point: "0.0123", "12.3", "12,345".
[[nodiscard]] std::string readable(double number);
/// "800 ns", "4.1 ms", "3 min"
[[nodiscard]] std::string readable_seconds(double seconds);
/// "512 B", "1.5 KiB"
[[nodiscard]] std::string readable_bytes(double bytes);
/// A share of 1 in per cent: "0.03 %"; "< 0.01 %" for less, but not nothing.
[[nodiscard]] std::string readable_share(double share);

/// What a metric's name says that its numbers are.
enum class Unit : std::uint8_t { none, seconds, bytes };
[[nodiscard]] Unit unit_of(std::string_view metric_name);
[[nodiscard]] std::string readable_in(Unit unit, double number);

struct InUnit {
  double number = 0;
  std::string_view name;  ///< "ms", "KiB"; empty for Unit::none
};
/// In the largest unit of which it is at least one.
[[nodiscard]] InUnit in_largest_unit(double number, Unit unit);

}  // namespace sdt::expose
