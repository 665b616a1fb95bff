// What a metric's hits are taken to cost.
#include "plan/hit_meter.h"

#include <gtest/gtest.h>

namespace sdt::plan {
namespace {

using namespace std::chrono_literals;

constexpr auto trap = 1000ns;

Tally tally_of(std::vector<std::uint64_t> hits, std::uint64_t run_nanoseconds = 0,
               std::uint64_t runs = 0) {
  Tally tally;
  tally.hits = std::move(hits);
  tally.run_nanoseconds = run_nanoseconds;
  tally.runs = runs;
  return tally;
}

TEST(HitMeter, ChargesForWhatCameSince) {
  HitMeter meter;
  EXPECT_EQ(meter.charge(tally_of({2, 1}), trap).hits, 3U);
  const auto charge = meter.charge(tally_of({4, 6}), trap);
  EXPECT_EQ(charge.hits, 7U);
  EXPECT_EQ(charge.cost, 7 * (trap + HitMeter::assumed_run_cost));
  EXPECT_EQ(meter.spent(), 10 * (trap + HitMeter::assumed_run_cost));
}

TEST(HitMeter, HitsOfForeignProcessesTrapAsWell) {
  HitMeter meter;
  Tally tally = tally_of({2});
  tally.foreign = 5;
  EXPECT_EQ(meter.charge(tally, trap).hits, 7U);
}

TEST(HitMeter, TakesTheMeasuredTimeLessThatOfMeasuring) {
  HitMeter meter;
  meter.begin_sample(tally_of({0}, 5'000, 10));
  meter.end_sample(tally_of({0}, 5'000 + 100 * 255, 110), true);
  EXPECT_EQ(meter.run_cost(), 200ns);
  EXPECT_EQ(meter.charge(tally_of({10}), trap).cost, 12us);
}

TEST(HitMeter, AFewRunsSayNothing) {
  HitMeter meter;
  meter.begin_sample(tally_of({0}));
  meter.end_sample(tally_of({0}, 99'000'000, 99), true);
  EXPECT_EQ(meter.run_cost(), HitMeter::assumed_run_cost);
}

TEST(HitMeter, AProgramThatIsFasterThanTheMeasuringCostsNothing) {
  HitMeter meter;
  meter.begin_sample(tally_of({0}));
  meter.end_sample(tally_of({0}, 100 * 40, 100), true);
  EXPECT_EQ(meter.run_cost(), 0ns);
}

TEST(HitMeter, WantsToBeMeasuredOnceItFires) {
  HitMeter meter;
  EXPECT_FALSE(meter.wants_sample());
  meter.charge(tally_of({99}), trap);
  EXPECT_FALSE(meter.wants_sample());
  meter.charge(tally_of({199}), trap);
  EXPECT_TRUE(meter.wants_sample());
  meter.begin_sample(tally_of({199}));
  meter.end_sample(tally_of({399}, 200 * 100, 200), true);
  EXPECT_FALSE(meter.wants_sample());
}

TEST(HitMeter, KnowsWhichTimeWasMeasuredForItsOwnSake) {
  HitMeter meter;
  meter.begin_sample(tally_of({0}, 1'000, 10));
  meter.end_sample(tally_of({0}, 8'000, 20), true);
  meter.begin_sample(tally_of({0}, 8'000, 20));
  meter.end_sample(tally_of({0}, 9'500, 30), false);
  EXPECT_EQ(meter.sampled_nanoseconds(), 7'000U);
}

TEST(HitMeter, ANewProgramCountsFromZeroAndCostsTheSame) {
  HitMeter meter;
  meter.charge(tally_of({1000}), trap);
  meter.begin_sample(tally_of({0}));
  meter.end_sample(tally_of({0}, 100 * 355, 100), true);
  const auto before = meter.spent();
  meter.restart();
  EXPECT_EQ(meter.charge(tally_of({10}), trap).hits, 10U);
  EXPECT_EQ(meter.spent(), before + 10 * (trap + 300ns));
  EXPECT_EQ(meter.sampled_nanoseconds(), 0U);
}

}  // namespace
}  // namespace sdt::plan
