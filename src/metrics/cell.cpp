#include "metrics/cell.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace sdt::metrics {
namespace {

constexpr std::size_t sum_low_in_sum = 1;
constexpr std::size_t sum_low_in_histogram = 0;
constexpr std::size_t first_bucket = 2;
constexpr std::size_t positive = 0;  // counted in the first words, extremes two words on
constexpr std::size_t negative = 1;
constexpr std::size_t first_extreme = 2;

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

/// A sign without events has no extreme: one that is there already is of an event that the next
/// reading counts.
void lower(Words after, Int128& value) {
  const Int128 lowest_positive = Int128{~after[first_extreme + positive]};
  const Int128 lowest_negative = static_cast<std::int64_t>(~after[first_extreme + negative]);
  if (after[positive] != 0) value = std::min(value, lowest_positive);
  if (after[negative] != 0) value = std::min(value, lowest_negative);
}

void raise(Words after, Int128& value) {
  const Int128 highest_positive = Int128{after[first_extreme + positive]};
  const Int128 highest_negative = static_cast<std::int64_t>(after[first_extreme + negative]);
  if (after[positive] != 0) value = std::max(value, highest_positive);
  if (after[negative] != 0) value = std::max(value, highest_negative);
}

}  // namespace

std::uint64_t time_set(Words words) {
  return words[2] >> 1;
}

std::uint64_t events_between(CellKind kind, Words before, Words after) {
  if (kind == CellKind::min || kind == CellKind::max) {
    return after[positive] - before[positive] + after[negative] - before[negative];
  }
  if (kind != CellKind::histogram) return after[0] - before[0];
  std::uint64_t events = 0;
  for (std::size_t i = first_bucket; i < after.size(); ++i) events += after[i] - before[i];
  return events;
}

void add_difference(CellKind kind, Words before, Words after, SeriesValue& value) {
  switch (kind) {
    case CellKind::count:
      std::get<Int128>(value) += Int128{events_between(kind, before, after)};
      return;
    case CellKind::sum:
      std::get<Int128>(value) += sum_between(before, after, sum_low_in_sum);
      return;
    case CellKind::last:
      std::get<Int128>(value) = last_value(after);
      return;
    case CellKind::min:
      lower(after, std::get<Int128>(value));
      return;
    case CellKind::max:
      raise(after, std::get<Int128>(value));
      return;
    case CellKind::histogram: {
      auto& histogram = std::get<HistogramValue>(value);
      assert(histogram.buckets.size() + first_bucket == after.size());
      histogram.sum += sum_between(before, after, sum_low_in_histogram);
      for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
        histogram.buckets[i] += after[first_bucket + i] - before[first_bucket + i];
      }
      return;
    }
  }
}

}  // namespace sdt::metrics
