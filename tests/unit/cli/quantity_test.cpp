#include "cli/quantity.h"

#include <limits>

#include <gtest/gtest.h>

namespace sdt::cli {
namespace {

TEST(Quantity, OfSecondsIsInTheLargestUnitThatFits) {
  EXPECT_EQ(quantity(8e-7, Unit::seconds), "800ns");
  EXPECT_EQ(quantity(0.00025, Unit::seconds), "250µs");
  EXPECT_EQ(quantity(0.0123456, Unit::seconds), "12.3ms");
  EXPECT_EQ(quantity(90, Unit::seconds), "1.5min");
  EXPECT_EQ(quantity(7200, Unit::seconds), "2h");
  EXPECT_EQ(quantity(-0.5, Unit::seconds), "-500ms");
}

TEST(Quantity, OfBytesCountsIn1024) {
  EXPECT_EQ(quantity(512, Unit::bytes), "512B");
  EXPECT_EQ(quantity(1536, Unit::bytes), "1.5KiB");
  EXPECT_EQ(quantity(0x1p40, Unit::bytes), "1TiB");
}

TEST(Quantity, KeepsEveryDigitBeforeThePoint) {
  EXPECT_EQ(quantity(12345.6, Unit::none), "12346");
  EXPECT_EQ(quantity(0.25, Unit::none), "0.25");
  EXPECT_EQ(quantity(0, Unit::seconds), "0");
  EXPECT_EQ(quantity(std::numeric_limits<double>::infinity(), Unit::seconds), "+Inf");
}

TEST(Quantity, OfAWholeNumberIsExact) {
  EXPECT_EQ(quantity(Int128{9007199254740993}, 1, Unit::none), "9007199254740993");
  EXPECT_EQ(quantity(Int128{-7}, 1, Unit::none), "-7");
}

TEST(Quantity, OfARawValueIsScaled) {
  EXPECT_EQ(quantity(Int128{300000000}, 1e-9, Unit::seconds), "300ms");
}

}  // namespace
}  // namespace sdt::cli
