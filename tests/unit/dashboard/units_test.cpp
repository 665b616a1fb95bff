#include "dashboard/units.h"

#include <gtest/gtest.h>

namespace sdt::dashboard {
namespace {

TEST(Units, OfValuesAreInTheLastWordOfTheName) {
  EXPECT_EQ(unit_of_values("query_duration_seconds"), "s");
  EXPECT_EQ(unit_of_values("sort_memory_bytes"), "bytes");
  EXPECT_EQ(unit_of_values("cache_hit_ratio"), "percentunit");
  EXPECT_EQ(unit_of_values("queue_length"), "short");
  EXPECT_EQ(unit_of_values("seconds_since_start"), "short");
  EXPECT_EQ(unit_of_values("bytes"), "bytes");
}

TEST(Units, OfARateAreTheUnitInASecond) {
  EXPECT_EQ(unit_of_rate("queries_total"), "cps");
  EXPECT_EQ(unit_of_rate("sorted_bytes_total"), "binBps");
  EXPECT_EQ(unit_of_rate("used_joules_total"), "watt");
}

TEST(Units, OfSecondsInASecondAreAShare) {
  EXPECT_EQ(unit_of_rate("checkpoint_seconds_total"), "percentunit");
}

TEST(Units, OfANameThatIsOnlyTotalAreNone) {
  EXPECT_EQ(unit_of_rate("total"), "cps");
  EXPECT_EQ(unit_of_rate("_total"), "cps");
}

}  // namespace
}  // namespace sdt::dashboard
