// Bounds: the four ways to write them, and the integers that fall inside.
#include "spec/buckets.h"

#include <limits>

#include "spec/units.h"
#include "unit/spec/helpers.h"

namespace sdt::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

const std::string head = "name: sizes\ntype: histogram\nprobe: app:x\nvalue: arg0\n";
const std::string timed = "name: time_seconds\ntype: histogram\nstart: app:a\nend: app:b\n";

std::vector<double> uppers(const Metric& metric) {
  std::vector<double> found;
  for (const Bound& bound : metric.bounds) found.push_back(bound.upper);
  return found;
}

std::vector<std::string> raws(const Metric& metric) {
  std::vector<std::string> found;
  for (const Bound& bound : metric.bounds) found.push_back(to_decimal(bound.raw));
  return found;
}

TEST(Buckets, AListIsTakenAsItStands) {
  const Metric metric = metric_of(head + "buckets: [-1, 0, 10, 4KiB]");
  EXPECT_THAT(uppers(metric), ElementsAre(-1, 0, 10, 4096));
  EXPECT_THAT(raws(metric), ElementsAre("-1", "0", "10", "4096"));
}

TEST(Buckets, ATrailingInfinityIsDropped) {
  EXPECT_THAT(uppers(metric_of(head + "buckets: [1, 2, +Inf]")), ElementsAre(1, 2));
  EXPECT_THAT(uppers(metric_of(head + "buckets: [1, 2, .inf]")), ElementsAre(1, 2));
  EXPECT_THAT(complaints(head + "buckets: [.inf, 2]"), ElementsAre(HasSubstr("is not a number")));
  EXPECT_THAT(complaints(head + "buckets: [.inf]"), ElementsAre(HasSubstr("has 1 to 256 bounds")));
}

TEST(Buckets, DurationsAreSecondsAndTheirRawValuesExactNanoseconds) {
  const Metric metric = metric_of(timed + "buckets: [100us, 1ms, 0.3, 1, 1.5m]");
  EXPECT_THAT(uppers(metric), ElementsAre(0.0001, 0.001, 0.3, 1, 90));
  EXPECT_THAT(raws(metric),
              ElementsAre("100000", "1000000", "300000000", "1000000000", "90000000000"));
}

TEST(Buckets, ExponentialBoundsAreTheDecimalsAPersonWouldWrite) {
  const Metric metric =
      metric_of(timed + "buckets: {exponential: {start: 100us, factor: 10, count: 6}}");
  EXPECT_THAT(uppers(metric), ElementsAre(0.0001, 0.001, 0.01, 0.1, 1.0, 10.0));
  EXPECT_THAT(raws(metric), ElementsAre("100000", "1000000", "10000000", "100000000", "1000000000",
                                        "10000000000"));
}

TEST(Buckets, DoublingKeepsEveryBoundExact) {
  const Metric metric =
      metric_of(timed + "buckets: {exponential: {start: 100us, factor: 2, count: 20}}");
  ASSERT_THAT(metric.bounds, SizeIs(20));
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(metric.bounds[i].raw, Int128{100'000} << i) << i;
  }
  EXPECT_EQ(metric.bounds[4].upper, 0.0016);
  EXPECT_EQ(metric.bounds[19].upper, 52.4288);
}

TEST(Buckets, LinearBoundsDoNotDrift) {
  const Metric metric = metric_of(timed + "buckets: {linear: {start: 0.1, width: 0.1, count: 10}}");
  EXPECT_THAT(uppers(metric), ElementsAre(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0));
  EXPECT_EQ(raws(metric)[2], "300000000");
}

TEST(Buckets, LinearMayStartBelowZero) {
  EXPECT_THAT(uppers(metric_of(head + "buckets: {linear: {start: -10, width: 10, count: 3}}")),
              ElementsAre(-10, 0, 10));
}

TEST(Buckets, Log2DoublesUpToTheFirstBoundNotBelowMax) {
  EXPECT_THAT(uppers(metric_of(head + "buckets: {log2: {min: 1, max: 8}}")),
              ElementsAre(1, 2, 4, 8));
  EXPECT_THAT(uppers(metric_of(head + "buckets: {log2: {min: 1, max: 9}}")),
              ElementsAre(1, 2, 4, 8, 16));
  EXPECT_THAT(uppers(metric_of(head + "buckets: {log2: {min: 3, max: 3}}")), ElementsAre(3));
  const Metric metric = metric_of(timed + "buckets: {log2: {min: 1us, max: 8s}}");
  EXPECT_EQ(metric.bounds.front().raw, 1000);
  EXPECT_EQ(metric.bounds.back().upper, 8.388608);
  EXPECT_THAT(metric.bounds, SizeIs(24));
}

TEST(Buckets, ScaleTurnsBoundsIntoRawValues) {
  const Metric metric = metric_of(head + "scale: 8192\nbuckets: [8KiB, 20000, 32KiB]");
  EXPECT_THAT(uppers(metric), ElementsAre(8192, 20000, 32768));
  EXPECT_THAT(raws(metric), ElementsAre("1", "2", "4"));
}

TEST(Buckets, BoundsBeyond64BitsAreClampedAbove) {
  const Metric metric = metric_of(head + "buckets: [18446744073709551615, 1e30]");
  EXPECT_EQ(raws(metric)[1], "18446744073709551615");
}

TEST(Buckets, BoundsBelowEveryValueAreRefused) {
  EXPECT_THAT(complaints(head + "buckets: [-1e30, 1]"),
              ElementsAre(HasSubstr("the bound -1e+30 is below every possible value")));
  EXPECT_THAT(raws(metric_of(head + "buckets: [-9223372036854775808, 1]")),
              ElementsAre("-9223372036854775808", "1"));
}

TEST(Buckets, MustAscend) {
  EXPECT_THAT(complaints(head + "buckets: [1, 3, 2, 2]"),
              ElementsAre("bounds must ascend: 2 comes after 3",
                          "bounds must ascend: 2 comes after "
                          "2"));
  EXPECT_THAT(complaints(head + "buckets: {linear: {start: 1e18, width: 1, count: 3}}"),
              ElementsAre(HasSubstr("bounds must ascend, but after 1e+18")));
}

TEST(Buckets, ShapesAreCheckedKeyByKey) {
  EXPECT_THAT(complaints(head + "buckets: {exponential: {start: 0, factor: 1, count: 0}}"),
              ElementsAre("start must be greater than 0, not 0",
                          "factor must be greater than 1, "
                          "not 1",
                          "count must be a whole number from 1 to 256, not \"0\""));
  EXPECT_THAT(complaints(head + "buckets: {linear: {start: 1, widht: 0}}"),
              ElementsAre("linear needs a \"width\"", "linear needs a \"count\"",
                          HasSubstr("unknown key \"widht\" in linear; did you mean \"width\"?")));
  EXPECT_THAT(complaints(head + "buckets: {linear: {start: 1, width: 0, count: 3}}"),
              ElementsAre("width must be greater than 0, not 0"));
  EXPECT_THAT(complaints(head + "buckets: {log2: {min: 8, max: 1}}"),
              ElementsAre("max 1 is below min 8"));
  EXPECT_THAT(complaints(head + "buckets: {log2: {min: 1e-100, max: 1e100}}"),
              ElementsAre(HasSubstr("a histogram has 1 to 256 bounds, not more")));
  EXPECT_THAT(complaints(head + "buckets: {exponential: {start: 1, factor: 1e10, count: 256}}"),
              ElementsAre(HasSubstr("outside the range of numbers")));
}

TEST(Buckets, AreAListOrExactlyOneShape) {
  EXPECT_THAT(complaints(head + "buckets: 5"),
              ElementsAre("buckets must be a list of bounds or one of exponential, linear, log2, "
                          "not a single value"));
  EXPECT_THAT(complaints(head + "buckets: {}"), ElementsAre(HasSubstr("not 0 of them")));
  EXPECT_THAT(complaints(head + "buckets: {log2: {min: 1, max: 2}, linear: {}}"),
              ElementsAre(HasSubstr("not 2 of them")));
  EXPECT_THAT(complaints(head + "buckets: {log: {min: 1, max: 2}}"),
              ElementsAre(HasSubstr("unknown key \"log\" in buckets; did you mean \"log2\"?")));
  EXPECT_THAT(complaints(head + "buckets: []"), ElementsAre(HasSubstr("not none")));
}

TEST(Buckets, AForgottenScaleIsNoticed) {
  EXPECT_THAT(complaints(head + "buckets: [100us, 1ms, 1s]"),
              ElementsAre("warning: no value falls between the bounds 0.0001 and 0.001: values are "
                          "integers times `scale`; is the scale right?"));
}

TEST(Buckets, OfAnArgumentWithAScaleKeepTheirFractions) {
  const auto fractions = [](const std::string& scale) {
    std::vector<std::uint32_t> found;
    for (const Bound& bound : metric_of(head + scale + "buckets: [-0.25, 0.5, 0.75, 1]").bounds) {
      found.push_back(bound.fraction);
    }
    return found;
  };
  constexpr std::uint32_t quarter = 1U << 30;
  EXPECT_THAT(fractions("scale: 1\n"), ElementsAre(3 * quarter, 2 * quarter, 3 * quarter, 0));
  EXPECT_THAT(fractions("scale: 0.125\n"), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(raws(metric_of(head + "scale: 1\nbuckets: [-0.25, 0.5, 0.75, 1]")),
              ElementsAre("-1", "0", "0", "1"));
}

TEST(FractionOfBound, IsWhatTheIntegerLeavesOut) {
  EXPECT_EQ(fraction_of_bound(0.1L, 1), 429496730U);  // 0.1 * 2^32 = 429496729.6
  EXPECT_EQ(fraction_of_bound(7, 2), 1U << 31);
  EXPECT_EQ(fraction_of_bound(*parse_quantity("100us"), *parse_quantity("1ns")), 0U);
  EXPECT_EQ(fraction_of_bound(0.99999999999L, 1), std::numeric_limits<std::uint32_t>::max());
  EXPECT_EQ(fraction_of_bound(1e300L, 1), 0U);
}

TEST(RawBound, IsTheLargestIntegerInside) {
  EXPECT_EQ(raw_bound(10, 1), Int128{10});
  EXPECT_EQ(raw_bound(10.9L, 1), Int128{10});
  EXPECT_EQ(raw_bound(-0.5L, 1), Int128{-1});
  EXPECT_EQ(raw_bound(10, 3), Int128{3});
  EXPECT_EQ(raw_bound(0, 1e-9L), Int128{0});
}

TEST(RawBound, DecimalsThatDivideExactlyOnPaperDoSoHere) {
  const long double nanosecond = *parse_quantity("1ns");
  for (std::int64_t us = 1; us < 200'000; us += 7) {
    const auto upper = parse_quantity(std::to_string(us) + "us");
    ASSERT_EQ(raw_bound(*upper, nanosecond), Int128{us} * 1000) << us;
  }
}

TEST(RawBound, JustBelowAWholeNumberIsNotRoundedUp) {
  EXPECT_EQ(raw_bound(*parse_quantity("0.000099999999"), *parse_quantity("1ns")), Int128{99'999});
  EXPECT_EQ(raw_bound(999'999'999'999'999.5L, 1), Int128{999'999'999'999'999});
}

TEST(RawBound, StaysWithin64Bits) {
  EXPECT_EQ(raw_bound(1e300L, 1), Int128{std::numeric_limits<std::uint64_t>::max()});
  EXPECT_EQ(raw_bound(-0x1p63L, 1), Int128{std::numeric_limits<std::int64_t>::min()});
  EXPECT_EQ(raw_bound(-0x1.1p63L, 1), std::nullopt);
}

}  // namespace
}  // namespace sdt::spec
