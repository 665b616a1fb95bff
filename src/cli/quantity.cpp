#include "cli/quantity.h"

#include <cmath>

#include <fmt/format.h>

#include "expose/exposition.h"

namespace sdt::cli {

std::string quantity(double number, Unit unit) {
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  if (number == 0) return "0";
  const expose::InUnit shown = expose::in_largest_unit(number, unit);
  // From here on three digits would leave out some before the point.
  constexpr double least_whole = 99.95;
  if (std::fabs(shown.number) >= least_whole)
    return fmt::format("{:.0f}{}", shown.number, shown.name);
  return fmt::format("{:.3g}{}", shown.number, shown.name);
}

std::string quantity(Int128 raw, double scale, Unit unit) {
  if (unit == Unit::none && scale == 1) return to_decimal(raw);
  return quantity(expose::scaled(raw, scale), unit);
}

}  // namespace sdt::cli
