// Units of metrics, as Grafana calls them.
//
// Purpose:   the last words of a metric's name → the unit of its values and of their rate
//            (https://prometheus.io/docs/practices/naming/#base-units).
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>
#include <string_view>

namespace sdt::dashboard {

/// Of a gauge's or a histogram's values; "short", a number without a unit, where the name tells
/// none.
[[nodiscard]] std::string unit_of_values(std::string_view metric);

/// Of what a counter grows by in a second; "cps", counts a second, where the name tells none.
[[nodiscard]] std::string unit_of_rate(std::string_view counter);

}  // namespace sdt::dashboard
