#include "metrics/pace.h"

#include <gtest/gtest.h>

namespace sdt::metrics {
namespace {

using namespace std::chrono_literals;

using Counts = std::vector<std::uint64_t>;
constexpr Pace::Time start{};

/// One count that is 0 at the start and grows by 3 a second, read every so often.
Pace read_every(std::chrono::seconds interval, int readings) {
  Pace pace;
  for (int i = 0; i < readings; ++i) {
    const auto passed = i * interval;
    pace.observe({static_cast<std::uint64_t>(3 * passed.count())}, start + passed);
  }
  return pace;
}

TEST(Pace, IsNotKnownBeforeTwoReadings) {
  Pace pace;
  EXPECT_FALSE(pace.growth());
  pace.observe({5}, start);
  EXPECT_FALSE(pace.growth());
}

TEST(Pace, IsWhatEachCountGrewByAndHowLongThatTook) {
  Pace pace;
  pace.observe({5, 100}, start);
  pace.observe({7, 100}, start + 4s);
  const auto growth = pace.growth();
  ASSERT_TRUE(growth);
  EXPECT_EQ(growth->by, (Counts{2, 0}));
  EXPECT_EQ(growth->length, 4s);
}

TEST(Pace, TwoReadingsInASecondSayNothing) {
  Pace pace;
  pace.observe({0}, start);
  pace.observe({1000}, start + 999ms);
  EXPECT_FALSE(pace.growth());
  pace.observe({1001}, start + 1s);
  EXPECT_EQ(pace.growth()->by, Counts{1001});
}

TEST(Pace, ReadingsThatAreCloseTogetherStillTellOfTenSecondsOrMore) {
  for (int readings = 12; readings < 40; ++readings) {
    const auto growth = read_every(1s, readings).growth();
    EXPECT_GE(growth->length, Pace::stretch);
    EXPECT_LT(growth->length, 2 * Pace::stretch);
    EXPECT_EQ(growth->by[0], 3U * static_cast<unsigned>(growth->length / 1s));
  }
}

TEST(Pace, ReadingsThatAreFarApartTellOfTheTimeBetweenThem) {
  const auto growth = read_every(60s, 5).growth();
  EXPECT_EQ(growth->length, 60s);
  EXPECT_EQ(growth->by, Counts{180});
}

TEST(Pace, WhatStopsGrowingHasAPaceOfZero) {
  Pace pace = read_every(5s, 4);
  for (int i = 1; i <= 6; ++i) pace.observe({45}, start + 15s + i * 5s);
  EXPECT_EQ(pace.growth()->by, Counts{0});
}

TEST(Pace, BeginsAnewWhereACountFalls) {
  Pace pace = read_every(5s, 4);
  pace.observe({2}, start + 20s);
  EXPECT_FALSE(pace.growth());
  pace.observe({8}, start + 25s);
  EXPECT_EQ(pace.growth()->by, Counts{6});
}

TEST(Pace, BeginsAnewWithAnotherNumberOfCounts) {
  Pace pace = read_every(5s, 4);
  pace.observe({100, 100}, start + 20s);
  EXPECT_FALSE(pace.growth());
}

}  // namespace
}  // namespace sdt::metrics
