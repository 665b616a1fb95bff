#include "dashboard/units.h"

#include <array>

namespace sdt::dashboard {
namespace {

struct Unit {
  std::string_view word;  ///< in the metric's name
  std::string_view value;
  std::string_view rate;  ///< seconds a second are a share
};

constexpr std::array<Unit, 11> units = {{
    {"seconds", "s", "percentunit"},
    {"milliseconds", "ms", "cps"},
    {"microseconds", "µs", "cps"},
    {"nanoseconds", "ns", "cps"},
    {"bytes", "bytes", "binBps"},
    {"ratio", "percentunit", "cps"},
    {"percent", "percent", "cps"},
    {"celsius", "celsius", "cps"},
    {"volts", "volt", "cps"},
    {"amperes", "amp", "cps"},
    {"joules", "joule", "watt"},
}};

std::string_view last_word(std::string_view name) {
  constexpr std::string_view total = "_total";
  if (name.ends_with(total)) name.remove_suffix(total.size());
  const std::size_t before = name.rfind('_');
  return before == std::string_view::npos ? name : name.substr(before + 1);
}

}  // namespace

std::string unit_of_values(std::string_view metric) {
  for (const Unit& unit : units)
    if (unit.word == last_word(metric)) return std::string(unit.value);
  return "short";
}

std::string unit_of_rate(std::string_view counter) {
  for (const Unit& unit : units)
    if (unit.word == last_word(counter)) return std::string(unit.rate);
  return "cps";
}

}  // namespace sdt::dashboard
