#include "metrics/cell.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace sdt::metrics {
namespace {

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();
using Cell = std::vector<std::uint64_t>;

/// What the kernel side adds to a sum's two words for each of these values.
void record(Cell& cell, std::size_t low, Int128 value) {
  cell[low] += static_cast<std::uint64_t>(value) & 0xFFFFFFFFU;
  cell[low + 1] += static_cast<std::uint64_t>(value >> 32);
}

Int128 sum_between(const Cell& before, const Cell& after) {
  SeriesValue value = Int128{0};
  add_difference(CellKind::sum, before, after, value);
  return std::get<Int128>(value);
}

TEST(Cell, CountsTheEventsBetweenTwoReadings) {
  EXPECT_EQ(events_between(CellKind::count, Cell{10}, Cell{17}), 7U);
}

TEST(Cell, EventsSurviveTheWrapOfTheirWord) {
  EXPECT_EQ(events_between(CellKind::count, Cell{u64_max - 1}, Cell{3}), 5U);
}

TEST(Cell, EventsOfAHistogramAreThoseOfItsBuckets) {
  EXPECT_EQ(events_between(CellKind::histogram, Cell{0, 0, 1, 2, 3}, Cell{9, 9, 2, 4, 3}), 3U);
}

TEST(Cell, SumOfNegativeValuesIsExact) {
  Cell cell{2, 0, 0};
  record(cell, 1, -1);
  record(cell, 1, -5'000'000'000);
  EXPECT_EQ(to_decimal(sum_between({0, 0, 0}, cell)), "-5000000001");
}

TEST(Cell, SumOfTheLeastInt64IsExact) {
  Cell cell{2, 0, 0};
  record(cell, 1, std::numeric_limits<std::int64_t>::min());
  record(cell, 1, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(to_decimal(sum_between({0, 0, 0}, cell)), "-18446744073709551616");
}

TEST(Cell, SumOfTwoEventsOfUint64MaxPasses64Bits) {
  Cell cell{2, 0, 0};
  record(cell, 1, u64_max);
  record(cell, 1, u64_max);
  EXPECT_EQ(to_decimal(sum_between({0, 0, 0}, cell)), "36893488147419103230");
}

TEST(Cell, WrapOfTheLowWordDoesNotShowInTheSum) {
  const Cell before{5, u64_max - 9, 7};
  Cell after = before;
  record(after, 1, 4'000'000'000);
  EXPECT_LT(after[1], before[1]);
  EXPECT_EQ(to_decimal(sum_between(before, after)), "4000000000");
}

TEST(Cell, WrapOfTheHighWordDoesNotShowInTheSum) {
  const Cell before{5, 0, u64_max};
  Cell after = before;
  record(after, 1, Int128{3} << 32);
  EXPECT_EQ(to_decimal(sum_between(before, after)), "12884901888");
}

/// What the kernel side does to the words of an extreme for each of these values.
Cell extremes(CellKind kind, const std::vector<Int128>& recorded) {
  Cell cell(4);
  for (const Int128 value : recorded) {
    const std::size_t sign = value < 0 ? 1 : 0;
    const auto bits = static_cast<std::uint64_t>(value);
    const std::uint64_t rank = kind == CellKind::min ? ~bits : bits;
    ++cell[sign];
    cell[2 + sign] = std::max(cell[2 + sign], rank);
  }
  return cell;
}

std::string extreme_of(CellKind kind, const std::vector<Int128>& recorded) {
  SeriesValue value = kind == CellKind::min ? above_all : below_all;
  add_difference(kind, Cell(4), extremes(kind, recorded), value);
  return to_decimal(std::get<Int128>(value));
}

constexpr std::int64_t i64_min = std::numeric_limits<std::int64_t>::min();

TEST(Cell, LowestIsThatOfBothSigns) {
  EXPECT_EQ(extreme_of(CellKind::min, {7, 3, 9}), "3");
  EXPECT_EQ(extreme_of(CellKind::min, {0}), "0");
  EXPECT_EQ(extreme_of(CellKind::min, {5, -1, -3, 0}), "-3");
  EXPECT_EQ(extreme_of(CellKind::min, {Int128{u64_max}}), "18446744073709551615");
  EXPECT_EQ(extreme_of(CellKind::min, {Int128{u64_max}, i64_min}), "-9223372036854775808");
}

TEST(Cell, HighestIsThatOfBothSigns) {
  EXPECT_EQ(extreme_of(CellKind::max, {7, 9, 3}), "9");
  EXPECT_EQ(extreme_of(CellKind::max, {-7, -1, -3}), "-1");
  EXPECT_EQ(extreme_of(CellKind::max, {-7, 0}), "0");
  EXPECT_EQ(extreme_of(CellKind::max, {i64_min}), "-9223372036854775808");
  EXPECT_EQ(extreme_of(CellKind::max, {-1, Int128{u64_max}}), "18446744073709551615");
}

TEST(Cell, ExtremesCountTheirEventsBySign) {
  const Cell before = extremes(CellKind::max, {1, -1});
  const Cell after = extremes(CellKind::max, {1, -1, 2, -2, -3});
  EXPECT_EQ(events_between(CellKind::max, before, after), 3U);
  EXPECT_EQ(events_between(CellKind::min, before, after), 3U);
}

TEST(Cell, AnExtremeWithoutItsEventIsNotYetThere) {
  SeriesValue value = below_all;
  add_difference(CellKind::max, Cell(4), Cell{0, 0, 42, 0}, value);
  EXPECT_EQ(std::get<Int128>(value), below_all);
}

TEST(Cell, LastIsSignedUnlessMarkedUnsigned) {
  SeriesValue value = Int128{0};
  add_difference(CellKind::last, Cell{0, 0, 0}, Cell{1, u64_max, 0}, value);
  EXPECT_EQ(to_decimal(std::get<Int128>(value)), "-1");
  add_difference(CellKind::last, Cell{1, u64_max, 0}, Cell{2, u64_max, 1}, value);
  EXPECT_EQ(to_decimal(std::get<Int128>(value)), "18446744073709551615");
}

TEST(Cell, LastTellsWhenItWasSet) {
  const Cell cell{1, u64_max, 2 * 5000 + 1};
  EXPECT_EQ(time_set(cell), 5000U);
  SeriesValue value = Int128{0};
  add_difference(CellKind::last, Cell(3), cell, value);
  EXPECT_EQ(to_decimal(std::get<Int128>(value)), "18446744073709551615");
}

TEST(Cell, HistogramAddsBucketsAndSum) {
  SeriesValue value = HistogramValue{{1, 1, 1}, 100};
  Cell after{0, 0, 4, 0, 2};
  record(after, 0, -30);
  add_difference(CellKind::histogram, Cell{0, 0, 1, 0, 0}, after, value);
  const auto& histogram = std::get<HistogramValue>(value);
  EXPECT_EQ(histogram.buckets, (std::vector<std::uint64_t>{4, 1, 3}));
  EXPECT_EQ(to_decimal(histogram.sum), "70");
}

constexpr Int128 one = Int128{1} << fraction_bits;

TEST(Cell, FractionsAddUpBehindThePoint) {
  SeriesValue value = Int128{0};
  // 1.5 and -0.25, which is -1 and 0.75.
  Cell after{2, 0, 0, (1ULL << 31) + (3ULL << 30)};
  record(after, 1, 1);
  record(after, 1, -1);
  add_difference(CellKind::sum, Cell(4), after, value, true);
  EXPECT_EQ(std::get<Int128>(value), one + one / 4);

  value = HistogramValue{{0, 0}, 0};
  const Cell histogram{1, 0, 0, 1, 1ULL << 31};
  add_difference(CellKind::histogram, Cell(5), histogram, value, true);
  EXPECT_EQ(std::get<HistogramValue>(value).buckets, (std::vector<std::uint64_t>{0, 1}));
  EXPECT_EQ(std::get<HistogramValue>(value).sum, one + one / 2);
  EXPECT_EQ(events_between(CellKind::histogram, Cell(5), histogram, true), 1U);
}

TEST(Cell, LastHasAFraction) {
  SeriesValue value = Int128{0};
  add_difference(CellKind::last, Cell(4), Cell{1, u64_max, 0, 3ULL << 30}, value, true);
  EXPECT_EQ(std::get<Int128>(value), -one / 4);
}

TEST(Cell, ExtremesWithFractionsAreSmallOrWhole) {
  SeriesValue value = below_all;
  // 0.25 among the small ones from 0 on, -0.5 among those below.
  add_difference(CellKind::max, Cell(8),
                 Cell{1, 1, 0, 0, 1ULL << 30, ~std::uint64_t{0} << 31, 0, 0}, value, true);
  EXPECT_EQ(std::get<Int128>(value), one / 4);
  add_difference(CellKind::max, Cell(8), Cell{1, 1, 1, 0, 1ULL << 30, 0, u64_max, 0}, value, true);
  EXPECT_EQ(std::get<Int128>(value), Int128{u64_max} * one);

  value = above_all;
  add_difference(CellKind::min, Cell(8),
                 Cell{1, 1, 0, 0, ~(1ULL << 30), ~(~std::uint64_t{0} << 31), 0, 0}, value, true);
  EXPECT_EQ(std::get<Int128>(value), -one / 2);
  const std::uint64_t lowest = ~static_cast<std::uint64_t>(i64_min);
  add_difference(CellKind::min, Cell(8), Cell{0, 0, 0, 1, 0, 0, 0, lowest}, value, true);
  EXPECT_EQ(std::get<Int128>(value), Int128{i64_min} * one);
}

}  // namespace
}  // namespace sdt::metrics
