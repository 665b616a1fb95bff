#include "cli/quantity.h"

#include <array>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "expose/exposition.h"

namespace sdt::cli {
namespace {

struct Step {
  double factor;
  std::string_view name;
};

constexpr std::array seconds_steps{Step{1e-9, "ns"}, Step{1e-6, "us"}, Step{1e-3, "ms"},
                                   Step{1, "s"},     Step{60, "min"},  Step{3600, "h"}};
constexpr std::array bytes_steps{Step{1, "B"}, Step{0x1p10, "KiB"}, Step{0x1p20, "MiB"},
                                 Step{0x1p30, "GiB"}, Step{0x1p40, "TiB"}};

std::string three_digits(double number) {
  // From here on three digits would leave out some before the point.
  constexpr double least_whole = 99.95;
  if (std::fabs(number) >= least_whole) return fmt::format("{:.0f}", number);
  return fmt::format("{:.3g}", number);
}

std::string in_steps(double number, std::span<const Step> steps) {
  const Step* fitting = &steps.front();
  for (const Step& step : steps) {
    if (std::fabs(number) >= step.factor) fitting = &step;
  }
  return three_digits(number / fitting->factor) + std::string(fitting->name);
}

}  // namespace

Unit unit_of(std::string_view metric_name) {
  constexpr std::string_view total = "_total";
  if (metric_name.ends_with(total)) metric_name.remove_suffix(total.size());
  if (metric_name.ends_with("_seconds")) return Unit::seconds;
  if (metric_name.ends_with("_bytes")) return Unit::bytes;
  return Unit::none;
}

std::string quantity(double number, Unit unit) {
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  if (number == 0) return "0";
  switch (unit) {
    case Unit::seconds:
      return in_steps(number, seconds_steps);
    case Unit::bytes:
      return in_steps(number, bytes_steps);
    case Unit::none:
      break;
  }
  return three_digits(number);
}

std::string quantity(Int128 raw, double scale, Unit unit) {
  if (unit == Unit::none && scale == 1) return to_decimal(raw);
  return quantity(expose::scaled(raw, scale), unit);
}

}  // namespace sdt::cli
