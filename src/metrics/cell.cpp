#include "metrics/cell.h"

#include <cassert>
#include <cstddef>

namespace sdt::metrics {
namespace {

constexpr std::size_t sum_low_in_sum = 1;
constexpr std::size_t sum_low_in_histogram = 0;
constexpr std::size_t first_bucket = 2;

/// `low` is the index of the sum's low word; the high word follows it. Each word wraps on its own:
/// subtracted modulo 2^64 first, only then widened.
Int128 sum_between(Words before, Words after, std::size_t low) {
  const std::uint64_t low_part = after[low] - before[low];
  const auto high_part = static_cast<std::int64_t>(after[low + 1] - before[low + 1]);
  return Int128{high_part} * (Int128{1} << 32) + Int128{low_part};
}

Int128 last_value(Words after) {
  const bool is_unsigned = after[2] != 0;
  return is_unsigned ? Int128{after[1]} : Int128{static_cast<std::int64_t>(after[1])};
}

}  // namespace

std::uint64_t events_between(CellKind kind, Words before, Words after) {
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
