#include "spec/buckets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "spec/reader.h"
#include "spec/units.h"
#include "spec/words.h"

namespace sdt::spec {
namespace {

using Uppers = std::vector<long double>;

constexpr std::array<std::string_view, 3> kinds = {"exponential", "linear", "log2"};

constexpr Int128 largest_raw = std::numeric_limits<std::uint64_t>::max();

std::string shown(long double upper) {
  return fmt::format("{}", nearest_double(upper));
}

bool is_infinity(const Node& node) {
  constexpr std::array<std::string_view, 8> spellings = {"+Inf", "Inf",  ".inf",  "+.inf",
                                                         "inf",  "+inf", "+.Inf", ".Inf"};
  for (const std::string_view spelling : spellings) {
    if (node.text == spelling) return true;
  }
  return false;
}

std::optional<Uppers> read_list(const Node& node, Report& report) {
  Uppers uppers;
  const std::size_t errors = report.errors();
  for (const Node& item : node.items) {
    // Every histogram has this one; people who copy bounds from elsewhere bring it along.
    if (&item == &node.items.back() && is_infinity(item)) break;
    const auto upper = read_quantity(item, "a bound", report);
    if (!upper) continue;
    if (!uppers.empty() && *upper <= uppers.back()) {
      report.error(item.at, fmt::format("bounds must ascend: {} comes after {}", shown(*upper),
                                        shown(uppers.back())));
    }
    uppers.push_back(*upper);
  }
  if (report.errors() != errors) return std::nullopt;
  return uppers;
}

// A number that must be above 0.
std::optional<long double> positive(const MapReader& map, std::string_view key, Report& report) {
  const Node* node = map.require(key);
  if (node == nullptr) return std::nullopt;
  const auto value = read_quantity(*node, key, report);
  if (!value || *value > 0) return value;
  report.error(node->at, fmt::format("{} must be greater than 0, not {}", key, shown(*value)));
  return std::nullopt;
}

std::optional<std::int64_t> bound_count(const MapReader& map, Report& report) {
  const Node* node = map.require("count");
  return node == nullptr ? std::nullopt : read_count(*node, "count", 1, Metric::max_bounds, report);
}

std::optional<Uppers> read_exponential(const Node& node, Report& report) {
  constexpr std::array<std::string_view, 3> keys = {"start", "factor", "count"};
  const MapReader map(node, "exponential", keys, report);
  const auto start = positive(map, "start", report);
  const auto count = bound_count(map, report);
  const Node* factor_node = map.require("factor");
  const auto factor =
      factor_node == nullptr ? std::nullopt : read_quantity(*factor_node, "factor", report);
  if (factor && *factor <= 1) {
    report.error(factor_node->at,
                 fmt::format("factor must be greater than 1, not {}", shown(*factor)));
    return std::nullopt;
  }
  if (!start || !count || !factor) return std::nullopt;
  Uppers uppers;
  for (std::int64_t i = 0; i < *count; ++i) {
    uppers.push_back(*start * std::pow(*factor, static_cast<long double>(i)));
  }
  return uppers;
}

std::optional<Uppers> read_linear(const Node& node, Report& report) {
  constexpr std::array<std::string_view, 3> keys = {"start", "width", "count"};
  const MapReader map(node, "linear", keys, report);
  const Node* start_node = map.require("start");
  const auto start =
      start_node == nullptr ? std::nullopt : read_quantity(*start_node, "start", report);
  const auto width = positive(map, "width", report);
  const auto count = bound_count(map, report);
  if (!start || !width || !count) return std::nullopt;
  Uppers uppers;
  for (std::int64_t i = 0; i < *count; ++i) {
    uppers.push_back(*start + *width * static_cast<long double>(i));
  }
  return uppers;
}

// min, 2 min, 4 min … up to the first that is not below max. Doubling is exact.
std::optional<Uppers> read_log2(const Node& node, Report& report) {
  constexpr std::array<std::string_view, 2> keys = {"min", "max"};
  const MapReader map(node, "log2", keys, report);
  const auto min = positive(map, "min", report);
  const auto max = positive(map, "max", report);
  if (!min || !max) return std::nullopt;
  if (*max < *min) {
    report.error(node.at, fmt::format("max {} is below min {}", shown(*max), shown(*min)));
    return std::nullopt;
  }
  Uppers uppers = {*min};
  while (nearest_double(uppers.back()) < nearest_double(*max)) {
    uppers.push_back(uppers.back() * 2);
    if (uppers.size() > Metric::max_bounds) break;  // reported with the number of bounds
  }
  return uppers;
}

std::optional<Uppers> read_uppers(const Node& node, Report& report) {
  if (node.kind == Node::Kind::sequence) return read_list(node, report);
  if (node.kind != Node::Kind::map) {
    report.error(node.at, fmt::format("buckets must be a list of bounds or one of {}, not {}",
                                      join(kinds), kind_of(node)));
    return std::nullopt;
  }
  const std::size_t errors = report.errors();
  const MapReader map(node, "buckets", kinds, report);
  if (report.errors() != errors) return std::nullopt;
  if (node.entries.size() != 1) {
    report.error(node.at, fmt::format("buckets must be one of {}, not {} of them", join(kinds),
                                      node.entries.size()));
    return std::nullopt;
  }
  const Node& shape = node.entries.front().value;
  if (map.find("exponential") != nullptr) return read_exponential(shape, report);
  if (map.find("linear") != nullptr) return read_linear(shape, report);
  return read_log2(shape, report);
}

std::optional<Bound> to_bound(const Node& node, long double upper, long double scale,
                              bool keeps_fraction, Report& report) {
  Bound bound;
  bound.upper = nearest_double(upper);
  if (!std::isfinite(bound.upper)) {
    report.error(node.at, "the last bounds are outside the range of numbers");
    return std::nullopt;
  }
  const auto raw = raw_bound(upper, scale);
  if (!raw) {
    report.error(node.at, fmt::format("the bound {} is below every possible value (the smallest "
                                      "is {} = -2^63 * scale)",
                                      shown(upper), shown(-0x1p63L * scale)));
    return std::nullopt;
  }
  bound.raw = *raw;
  if (keeps_fraction) bound.fraction = fraction_of_bound(upper, scale);
  return bound;
}

// Two bounds without an integer between them: nearly always a forgotten scale.
void warn_of_empty_buckets(const Node& node, const std::vector<Bound>& bounds, Report& report) {
  for (std::size_t i = 1; i < bounds.size(); ++i) {
    const bool is_empty =
        bounds[i].raw == bounds[i - 1].raw && bounds[i].fraction == bounds[i - 1].fraction;
    if (!is_empty || bounds[i].raw == largest_raw) continue;
    report.warning(node.at, fmt::format("no value falls between the bounds {} and {}: values are "
                                        "integers times `scale`; is the scale right?",
                                        bounds[i - 1].upper, bounds[i].upper));
    return;
  }
}

}  // namespace

std::optional<Int128> raw_bound(long double upper, long double scale) {
  // 100us / 1ns is 100000 on paper and 99999.99999999999997 or so in binary, and flooring that
  // would push the value 100000 out of its own bucket. Both sides are decimals rounded to 64 bits,
  // so a quotient within 1e-17 of a whole number is that number.
  constexpr long double precision = 1e-17L;
  const long double quotient = upper / scale;
  if (quotient >= 0x1p64L) return largest_raw;
  const long double nearest = std::round(quotient);
  const bool is_whole = std::fabs(quotient - nearest) <= precision * std::fabs(nearest);
  const long double raw = is_whole ? nearest : std::floor(quotient);
  if (raw < -0x1p63L) return std::nullopt;
  // The snap may have reached 2^64 itself.
  if (raw >= 0x1p64L) return largest_raw;
  return static_cast<Int128>(raw);
}

std::uint32_t fraction_of_bound(long double upper, long double scale) {
  const auto raw = raw_bound(upper, scale);
  if (!raw || *raw == largest_raw) return 0;
  const long double rest = upper / scale - static_cast<long double>(*raw);
  const long double units = std::round(std::ldexp(rest, 32));
  constexpr long double most = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp(units, 0.0L, most));
}

std::optional<std::vector<Bound>> read_buckets(const Node& node, long double scale,
                                               bool keeps_fraction, Report& report) {
  const auto uppers = read_uppers(node, report);
  if (!uppers) return std::nullopt;
  if (uppers->empty() || uppers->size() > Metric::max_bounds) {
    report.error(node.at,
                 fmt::format("a histogram has 1 to {} bounds, not {}{}", Metric::max_bounds,
                             uppers->size() > Metric::max_bounds ? "more" : "none",
                             uppers->empty() ? " (+Inf does not count)" : ""));
    return std::nullopt;
  }
  std::vector<Bound> bounds;
  for (const long double upper : *uppers) {
    const auto bound = to_bound(node, upper, scale, keeps_fraction, report);
    if (!bound) return std::nullopt;
    if (!bounds.empty() && bound->upper <= bounds.back().upper) {
      report.error(node.at, fmt::format("bounds must ascend, but after {} the next is not larger",
                                        bounds.back().upper));
      return std::nullopt;
    }
    bounds.push_back(*bound);
  }
  warn_of_empty_buckets(node, bounds, report);
  return bounds;
}

}  // namespace sdt::spec
