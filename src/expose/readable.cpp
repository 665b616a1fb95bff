#include "expose/readable.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include <fmt/format.h>

namespace sdt::expose {
namespace {

std::string with_commas(std::string digits) {
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

struct Step {
  double factor;
  std::string_view name;
};

constexpr std::array seconds_steps{Step{1e-9, "ns"}, Step{1e-6, "µs"}, Step{1e-3, "ms"},
                                   Step{1, "s"},     Step{60, "min"},  Step{3600, "h"},
                                   Step{86400, "d"}};
constexpr std::array bytes_steps{Step{1, "B"}, Step{0x1p10, "KiB"}, Step{0x1p20, "MiB"},
                                 Step{0x1p30, "GiB"}, Step{0x1p40, "TiB"}};

InUnit in_steps(double number, std::span<const Step> steps) {
  const Step* fitting = &steps.front();
  for (const Step& step : steps) {
    if (std::abs(number) >= step.factor) fitting = &step;
  }
  return {number / fitting->factor, fitting->name};
}

std::string with_unit(const InUnit& quantity) {
  return fmt::format("{} {}", readable(quantity.number), quantity.name);
}

}  // namespace

std::string readable(std::uint64_t count) {
  return with_commas(fmt::format("{}", count));
}

std::string readable(double number) {
  constexpr double all_digits = 1e15;  // beyond, they are noise
  const double size = std::abs(number);
  if (!std::isfinite(number) || size >= all_digits) return fmt::format("{:.3g}", number);
  if (size >= 99.95 || number == std::round(number)) {
    return with_commas(fmt::format("{:.0f}", number));
  }
  return fmt::format("{:.3g}", number);
}

InUnit in_largest_unit(double number, Unit unit) {
  switch (unit) {
    case Unit::seconds:
      return in_steps(number, seconds_steps);
    case Unit::bytes:
      return in_steps(number, bytes_steps);
    case Unit::none:
      break;
  }
  return {number, {}};
}

std::string readable_seconds(double seconds) {
  return seconds == 0 ? "0 s" : with_unit(in_largest_unit(seconds, Unit::seconds));
}

std::string readable_bytes(double bytes) {
  return with_unit(in_largest_unit(bytes, Unit::bytes));
}

std::string readable_share(double share) {
  constexpr double least = 0.01;
  const double percent = 100 * share;
  if (percent > 0 && percent < least) return "< 0.01 %";
  return fmt::format("{} %", readable(std::round(percent * 100) / 100));
}

Unit unit_of(std::string_view metric_name) {
  constexpr std::string_view total = "_total";
  if (metric_name.ends_with(total)) metric_name.remove_suffix(total.size());
  if (metric_name.ends_with("_seconds")) return Unit::seconds;
  if (metric_name.ends_with("_bytes")) return Unit::bytes;
  return Unit::none;
}

std::string readable_in(Unit unit, double number) {
  switch (unit) {
    case Unit::seconds:
      return readable_seconds(number);
    case Unit::bytes:
      return readable_bytes(number);
    case Unit::none:
      break;
  }
  return readable(number);
}

}  // namespace sdt::expose
