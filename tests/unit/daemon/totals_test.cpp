// Counters go on when a program takes another's place.
#include "daemon/totals.h"

#include <gtest/gtest.h>

namespace sdt::daemon {
namespace {

TEST(Totals, AddHitsByNameWhateverTheirNumberInAProgram) {
  const ProbeName a{"p", "a"};
  const ProbeName b{"p", "b"};
  Tally first;
  first.hits = {3, 5};
  Tally second;
  second.hits = {7};
  Totals totals;
  totals.add(first, {a, b});
  totals.add(second, {b});
  EXPECT_EQ(totals.hits, (std::map<ProbeName, std::uint64_t>{{a, 3}, {b, 12}}));
}

TEST(Totals, AddEverythingElse) {
  Tally tally;
  tally.filtered = 1;
  tally.foreign = 2;
  tally.strings_cut = 3;
  tally.run_nanoseconds = 4;
  tally.lost[static_cast<std::size_t>(LossReason::fault)] = 5;
  Totals totals;
  totals.add(tally, {});
  totals.add(tally, {});
  EXPECT_EQ(totals.filtered, 2U);
  EXPECT_EQ(totals.foreign, 4U);
  EXPECT_EQ(totals.strings_cut, 6U);
  EXPECT_EQ(totals.run_nanoseconds, 8U);
  EXPECT_EQ(totals.lost[static_cast<std::size_t>(LossReason::fault)], 10U);
}

}  // namespace
}  // namespace sdt::daemon
