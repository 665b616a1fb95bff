#include "metrics/cell.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <optional>

namespace sdt::metrics {
namespace {

constexpr std::size_t sum_low_in_sum = 1;
constexpr std::size_t sum_low_in_histogram = 0;
constexpr std::size_t first_bucket = 2;
constexpr Int128 fraction_one = Int128{1} << fraction_bits;

/// `low` is the index of the sum's low word; the high word follows it. Each word wraps on its own:
/// subtracted modulo 2^64 first, only then widened.
Int128 sum_between(Words before, Words after, std::size_t low) {
  const std::uint64_t low_part = after[low] - before[low];
  const auto high_part = static_cast<std::int64_t>(after[low + 1] - before[low + 1]);
  return Int128{high_part} * (Int128{1} << 32) + Int128{low_part};
}

Int128 last_value(Words after) {
  const bool is_unsigned = (after[2] & 1) != 0;
  return is_unsigned ? Int128{after[1]} : Int128{static_cast<std::int64_t>(after[1])};
}

/// Values of one sign, and where there are fractions of one size, have an extreme of their own. One
/// without events is none: what is there already is of an event that the next reading counts.
std::optional<Int128> extreme_of(CellKind kind, Words after, std::size_t number) {
  if (after[number] == 0) return std::nullopt;
  const std::uint64_t word = after[after.size() / 2 + number];
  const std::uint64_t bits = kind == CellKind::min ? ~word : word;
  const bool is_negative = number % 2 == 1;
  const Int128 value = is_negative ? Int128{static_cast<std::int64_t>(bits)} : Int128{bits};
  const bool is_whole = number >= 2;
  return is_whole ? value * fraction_one : value;
}

void move_extreme(CellKind kind, Words after, Int128& value) {
  for (std::size_t number = 0; number < after.size() / 2; ++number) {
    const auto extreme = extreme_of(kind, after, number);
    if (!extreme) continue;
    value = kind == CellKind::min ? std::min(value, *extreme) : std::max(value, *extreme);
  }
}

/// With its fraction, where cells have one.
Int128 with_fraction(Int128 whole, std::uint64_t fraction, bool has_fraction) {
  return has_fraction ? whole * fraction_one + Int128{fraction} : whole;
}

}  // namespace

std::uint64_t time_set(Words words) {
  return words[2] >> 1;
}

std::uint64_t events_between(CellKind kind, Words before, Words after, bool has_fraction) {
  std::size_t first = 0;
  std::size_t end = 1;
  if (kind == CellKind::min || kind == CellKind::max) end = after.size() / 2;
  if (kind == CellKind::histogram) {
    first = first_bucket;
    end = after.size() - (has_fraction ? 1 : 0);
  }
  std::uint64_t events = 0;
  for (std::size_t i = first; i < end; ++i) events += after[i] - before[i];
  return events;
}

void add_difference(CellKind kind, Words before, Words after, SeriesValue& value,
                    bool has_fraction) {
  const std::uint64_t fraction = after.back() - before.back();
  switch (kind) {
    case CellKind::count:
      std::get<Int128>(value) += Int128{events_between(kind, before, after)};
      return;
    case CellKind::sum:
      std::get<Int128>(value) +=
          with_fraction(sum_between(before, after, sum_low_in_sum), fraction, has_fraction);
      return;
    case CellKind::last:
      std::get<Int128>(value) = with_fraction(last_value(after), after.back(), has_fraction);
      return;
    case CellKind::min:
    case CellKind::max:
      move_extreme(kind, after, std::get<Int128>(value));
      return;
    case CellKind::histogram: {
      auto& histogram = std::get<HistogramValue>(value);
      assert(histogram.buckets.size() + first_bucket + (has_fraction ? 1 : 0) == after.size());
      histogram.sum +=
          with_fraction(sum_between(before, after, sum_low_in_histogram), fraction, has_fraction);
      for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
        histogram.buckets[i] += after[first_bucket + i] - before[first_bucket + i];
      }
      return;
    }
  }
}

}  // namespace sdt::metrics
