#include "expose/readable.h"

#include <limits>

#include <gtest/gtest.h>

namespace sdt::expose {
namespace {

TEST(Readable, CountsHaveACommaEveryThreeDigits) {
  EXPECT_EQ(readable(std::uint64_t{0}), "0");
  EXPECT_EQ(readable(std::uint64_t{999}), "999");
  EXPECT_EQ(readable(std::uint64_t{1000}), "1,000");
  EXPECT_EQ(readable(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(Readable, NumbersHaveThreeDigitsThatMatter) {
  EXPECT_EQ(readable(0.0), "0");
  EXPECT_EQ(readable(0.012345), "0.0123");
  EXPECT_EQ(readable(1.5), "1.5");
  EXPECT_EQ(readable(12.345), "12.3");
  EXPECT_EQ(readable(99.96), "100");
  EXPECT_EQ(readable(1234.5), "1,234");
  EXPECT_EQ(readable(-1234567.0), "-1,234,567");
  EXPECT_EQ(readable(1e20), "1e+20");
}

TEST(Readable, TimesHaveTheUnitThatFits) {
  EXPECT_EQ(readable_seconds(0), "0 s");
  EXPECT_EQ(readable_seconds(8e-7), "800 ns");
  EXPECT_EQ(readable_seconds(0.0004), "400 µs");
  EXPECT_EQ(readable_seconds(0.0041), "4.1 ms");
  EXPECT_EQ(readable_seconds(1), "1 s");
  EXPECT_EQ(readable_seconds(180), "3 min");
  EXPECT_EQ(readable_seconds(129600), "1.5 d");
}

TEST(Readable, SizesAreInPowersOfTwo) {
  EXPECT_EQ(readable_bytes(0), "0 B");
  EXPECT_EQ(readable_bytes(1023), "1,023 B");
  EXPECT_EQ(readable_bytes(1536), "1.5 KiB");
  EXPECT_EQ(readable_bytes(0x1p30), "1 GiB");
}

TEST(Readable, SharesAreInPerCentAndALittleIsNotNothing) {
  EXPECT_EQ(readable_share(0), "0 %");
  EXPECT_EQ(readable_share(0.00001), "< 0.01 %");
  EXPECT_EQ(readable_share(0.000345), "0.03 %");
  EXPECT_EQ(readable_share(0.1), "10 %");
  EXPECT_EQ(readable_share(0.1234), "12.3 %");
}

TEST(Readable, TheNameOfAMetricSaysItsUnit) {
  EXPECT_EQ(unit_of("app_duration_seconds"), Unit::seconds);
  EXPECT_EQ(unit_of("app_wait_seconds_total"), Unit::seconds);
  EXPECT_EQ(unit_of("app_sent_bytes_total"), Unit::bytes);
  EXPECT_EQ(unit_of("app_requests_total"), Unit::none);
  EXPECT_EQ(unit_of("app_seconds_hands"), Unit::none);
}

}  // namespace
}  // namespace sdt::expose
