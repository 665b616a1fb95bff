// When a metric is detached for what it costs, and when it is tried again.
#include "plan/breaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <utility>
#include <vector>

namespace sdt::plan {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr Time start{1000s};
constexpr nanoseconds hit{1000};

/// A target of two CPUs whose metrics fire at given rates while they are attached, looked at every
/// second.
class Machine {
 public:
  explicit Machine(spec::Budget budget, std::size_t metrics = 1)
      : budget_(budget), fuses_(metrics), rates_(metrics) {}

  void fire(std::vector<std::uint64_t> hits_per_second) { rates_ = std::move(hits_per_second); }
  void run(seconds duration) {
    for (seconds i{0}; i < duration; ++i) second();
  }
  void second() {
    std::vector<Load> loads;
    std::vector<std::size_t> attached;
    for (std::size_t i = 0; i < fuses_.size(); ++i) {
      if (fuses_[i].trip) continue;
      loads.push_back({&fuses_[i], rates_[i], hit * rates_[i]});
      attached.push_back(i);
    }
    now_ += 1s;
    if (const auto tripped = breaker_.observe(budget_, loads, 1s, 2, now_)) {
      trips.emplace_back(attached[*tripped], (now_ - start) / 1s);
    }
    for (std::size_t i = 0; i < fuses_.size(); ++i) {
      if (retry(fuses_[i], now_)) retries.emplace_back(i, (now_ - start) / 1s);
    }
  }
  Fuse& fuse(std::size_t metric = 0) { return fuses_[metric]; }
  [[nodiscard]] Time now() const { return now_; }

  using Changes = std::vector<std::pair<std::size_t, std::int64_t>>;  ///< metric, second
  Changes trips;
  Changes retries;

 private:
  spec::Budget budget_;
  Breaker breaker_;
  std::vector<Fuse> fuses_;
  std::vector<std::uint64_t> rates_;
  Time now_ = start;
};

const spec::Budget at_most_100{.hits_per_second = 100, .cpu = std::nullopt};
const spec::Budget ten_percent{};

TEST(Breaker, WithinTheBudgetNothingHappens) {
  Machine machine(at_most_100);
  machine.fire({100});
  machine.run(1h);
  EXPECT_THAT(machine.trips, IsEmpty());
}

TEST(Breaker, TripsAfterFiveSecondsOverTheBudget) {
  Machine machine(at_most_100);
  machine.fire({101});
  machine.run(10s);
  EXPECT_THAT(machine.trips, ElementsAre(Pair(0, 5)));
}

TEST(Breaker, ABurstShorterThanThatIsLetThrough) {
  Machine machine(at_most_100);
  for (int i = 0; i < 100; ++i) {
    machine.fire({1'000'000});
    machine.run(4s);
    machine.fire({100});
    machine.run(1s);
  }
  EXPECT_THAT(machine.trips, IsEmpty());
}

TEST(Breaker, TheShareIsOfAllCpus) {
  Machine below(ten_percent);  // of 2 CPUs: 0.2 s a second
  below.fire({200'000});
  below.run(60s);
  EXPECT_THAT(below.trips, IsEmpty());
  Machine above(ten_percent);
  above.fire({200'001});
  above.run(60s);
  EXPECT_THAT(above.trips, ElementsAre(Pair(0, 5)));
}

TEST(Breaker, UnlimitedIsUnlimited) {
  Machine machine({.hits_per_second = std::nullopt, .cpu = std::nullopt});
  machine.fire({1'000'000'000});
  machine.run(60s);
  EXPECT_THAT(machine.trips, IsEmpty());
}

TEST(Breaker, TheCostliestMetricGoesAndTheOthersStay) {
  Machine machine(at_most_100, 3);
  machine.fire({40, 60, 50});
  machine.run(50s);
  EXPECT_THAT(machine.trips, ElementsAre(Pair(1, 5)));
}

TEST(Breaker, WhoeverIsLeftGetsAPatienceOfItsOwn) {
  Machine machine(at_most_100, 3);
  machine.fire({400, 10, 500});
  machine.run(50s);
  EXPECT_THAT(machine.trips, ElementsAre(Pair(2, 5), Pair(0, 10)));
}

TEST(Breaker, CostIsTimeAndNotHits) {
  Breaker breaker;
  std::vector<Fuse> fuses(2);
  const std::vector<Load> loads{{&fuses[0], 1000, 1ms}, {&fuses[1], 10, 400ms}};
  EXPECT_EQ(breaker.observe(ten_percent, loads, 1s, 1, start), std::nullopt);
  EXPECT_EQ(breaker.observe(ten_percent, loads, 1s, 1, start + 4s), 1U);
}

TEST(Breaker, TheReasonHasTheFigures) {
  Machine cpu(ten_percent, 2);
  cpu.fire({100'000, 300'000});
  cpu.run(5s);
  EXPECT_EQ(cpu.fuse(1).trip->reason,
            "the target's hits took 20.0% of the machine's CPU time (budget: 10%), this metric's "
            "15.0%");
  Machine hits(at_most_100, 2);
  hits.fire({100, 300});
  hits.run(5s);
  EXPECT_EQ(hits.fuse(1).trip->reason,
            "the target's probes fired 400 times a second (budget: 100), 300 of them for this "
            "metric");
}

TEST(Breaker, ThePauseDoublesFromAMinuteToAnHour) {
  Machine machine(at_most_100);
  machine.fire({1000});
  machine.run(4h);
  std::vector<std::int64_t> pauses;
  for (std::size_t i = 0; i < machine.retries.size(); ++i) {
    pauses.push_back((machine.retries[i].second - machine.trips[i].second) / 60);
  }
  EXPECT_THAT(pauses, ElementsAre(1, 2, 4, 8, 16, 32, 60, 60));
}

TEST(Breaker, TheFirstPauseCanBeChosen) {
  spec::Budget budget = at_most_100;
  budget.retry_after = 2s;
  Machine machine(budget);
  machine.fire({1000});
  machine.run(20s);
  EXPECT_THAT(machine.trips, ElementsAre(Pair(0, 5), Pair(0, 9), Pair(0, 15)));
  EXPECT_THAT(machine.retries, ElementsAre(Pair(0, 7), Pair(0, 13)));
}

TEST(Breaker, AFirstPauseOfAnHourStaysAnHour) {
  spec::Budget budget = at_most_100;
  budget.retry_after = 1h;
  Machine machine(budget);
  machine.fire({1000});
  machine.run(3h);
  EXPECT_THAT(machine.retries, ElementsAre(Pair(0, 3605), Pair(0, 7207)));
}

TEST(Breaker, OnProbationTwoSecondsAreEnough) {
  Machine machine(at_most_100);
  machine.fire({1000});
  machine.run(70s);
  EXPECT_THAT(machine.retries, ElementsAre(Pair(0, 65)));
  EXPECT_THAT(machine.trips, ElementsAre(Pair(0, 5), Pair(0, 67)));
}

TEST(Breaker, TenMinutesOfGoodConductEndTheProbation) {
  Machine machine(at_most_100);
  machine.fire({1000});
  machine.run(60s);
  machine.fire({10});
  machine.run(11min);  // tried again at 65
  machine.fire({1000});
  machine.run(70s);
  EXPECT_THAT(machine.trips, ElementsAre(Pair(0, 5), Pair(0, 725), Pair(0, 787)));
  EXPECT_THAT(machine.retries, ElementsAre(Pair(0, 65), Pair(0, 785)));
}

TEST(Breaker, LessThanThatDoesNot) {
  Machine machine(at_most_100);
  machine.fire({1000});
  machine.run(60s);
  machine.fire({10});
  machine.run(9min);  // tried again at 65
  machine.fire({1000});
  machine.run(130s);
  EXPECT_THAT(machine.trips, ElementsAre(Pair(0, 5), Pair(0, 602), Pair(0, 724)));
  EXPECT_THAT(machine.retries, ElementsAre(Pair(0, 65), Pair(0, 722)));
}

TEST(Breaker, AMetricThatComesBackDoesNotDriveOutTheOnesThatStayed) {
  Machine machine(at_most_100, 2);
  machine.fire({80, 90});
  machine.run(30s);
  machine.fire({80, 70});  // now the cheaper one
  machine.run(60s);
  EXPECT_THAT(machine.trips, ElementsAre(Pair(1, 5), Pair(1, 67)));
}

TEST(Breaker, ButSomebodyWhoBreaksTheBudgetAloneDoes) {
  Machine machine(at_most_100, 2);
  machine.fire({80, 90});
  machine.run(64s);
  machine.fire({200, 10});  // when the other is tried again at 65
  machine.run(30s);
  EXPECT_THAT(machine.trips, ElementsAre(Pair(1, 5), Pair(0, 69)));
}

TEST(Breaker, AnotherBudgetIsTriedAtOnceAndForgetsThePast) {
  Machine machine(at_most_100);
  machine.fire({1000});
  machine.run(80s);
  ASSERT_TRUE(machine.fuse().trip);
  reset(machine.fuse(), machine.now());
  EXPECT_EQ(machine.fuse().trips, 0U);
  EXPECT_TRUE(retry(machine.fuse(), machine.now()));
}

TEST(Breaker, ALoadThatStaysIsTriedLessAndLess) {
  Machine machine(at_most_100);
  machine.fire({1000});
  machine.run(24h);
  EXPECT_EQ(machine.trips.size(), 29U);  // six within the first hour, then one an hour
}

/// A load that changes at random between nothing and far too much, in steps of `step`.
Machine::Changes trips_of_a_random_load(unsigned seed, seconds step, seconds duration) {
  Machine machine(at_most_100, 3);
  std::minstd_rand random(seed);
  for (seconds at{0}; at < duration; at += step) {
    machine.fire({random() % 150, random() % 150, random() % 150});
    machine.run(step);
  }
  return machine.trips;
}

TEST(Breaker, NeverFlapsWhateverTheLoadDoes) {
  for (const seconds step : {1s, 3s, 7s, 30s, 61s, 302s, 700s}) {
    const Machine::Changes trips = trips_of_a_random_load(7, step, 24h);
    for (std::size_t metric = 0; metric < 3; ++metric) {
      std::int64_t previous = -3600;
      std::size_t count = 0;
      for (const auto& [which, second] : trips) {
        if (which != metric) continue;
        // At least the pause of a minute, and two seconds of trying.
        EXPECT_GE(second - previous, 62) << "metric " << metric << ", steps of " << step.count();
        previous = second;
        ++count;
      }
      // After each trip a pause, which doubles unless ten good minutes went before.
      EXPECT_LE(count, 24 * 60 / 11 + 7) << "metric " << metric << ", steps of " << step.count();
    }
  }
}

TEST(Breaker, TheWorstLoadChangesAMetricSixTimesAnHour) {
  Machine machine(at_most_100);
  for (seconds at{0}; at < 24h; at += 1s) {
    const bool behaves = machine.fuse().on_probation.has_value();
    machine.fire({behaves ? 1U : 1000U});
    machine.second();
  }
  EXPECT_LE(machine.trips.size(), 24U * 6U);
  EXPECT_GE(machine.trips.size(), 24U * 5U);
}

}  // namespace
}  // namespace sdt::plan
