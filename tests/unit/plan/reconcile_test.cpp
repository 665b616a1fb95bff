// What to attach and detach, and when to try again.
#include "plan/reconcile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::plan {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const Time now{seconds(1000)};

Binding binding(std::uint32_t metric, std::uint64_t inode) {
  return {0, metric, {8, 1, inode}};
}

TEST(Reconcile, AttachesWhatIsWantedAndNotYetThere) {
  const Actions actions = reconcile({binding(0, 7)}, {}, now);
  EXPECT_THAT(actions.attach, ElementsAre(binding(0, 7)));
  EXPECT_THAT(actions.detach, IsEmpty());
}

TEST(Reconcile, LeavesAloneWhatIsAttachedAndWanted) {
  const Actions actions = reconcile({binding(0, 7)}, {{binding(0, 7), {true, 0, {}}}}, now);
  EXPECT_THAT(actions.attach, IsEmpty());
  EXPECT_THAT(actions.detach, IsEmpty());
}

TEST(Reconcile, DetachesWhatIsWantedNoMore) {
  const Actions actions = reconcile({}, {{binding(0, 7), {true, 0, {}}}}, now);
  EXPECT_THAT(actions.detach, ElementsAre(binding(0, 7)));
}

TEST(Reconcile, ReplacesTheFileOfAnUpgradedProgram) {
  const Actions actions = reconcile({binding(0, 8)}, {{binding(0, 7), {true, 0, {}}}}, now);
  EXPECT_THAT(actions.attach, ElementsAre(binding(0, 8)));
  EXPECT_THAT(actions.detach, ElementsAre(binding(0, 7)));
}

TEST(Reconcile, WaitsBeforeItTriesAFailureAgain) {
  const std::map<Binding, Attempt> failed{{binding(0, 7), {false, 1, now + seconds(1)}}};
  EXPECT_THAT(reconcile({binding(0, 7)}, failed, now).attach, IsEmpty());
  EXPECT_THAT(reconcile({binding(0, 7)}, failed, now + seconds(1)).attach,
              ElementsAre(binding(0, 7)));
}

TEST(Reconcile, ForgetsFailuresThatNobodyWantsAnyMore) {
  const Actions actions = reconcile({}, {{binding(0, 7), {false, 3, now}}}, now);
  EXPECT_THAT(actions.drop, ElementsAre(binding(0, 7)));
  EXPECT_THAT(actions.detach, IsEmpty());
}

TEST(Backoff, DoublesFromTwoSecondsToAMinute) {
  EXPECT_EQ(backoff(1), seconds(2));
  EXPECT_EQ(backoff(2), seconds(4));
  EXPECT_EQ(backoff(5), seconds(32));
  EXPECT_EQ(backoff(6), seconds(60));
  EXPECT_EQ(backoff(1000), seconds(60));
}

}  // namespace
}  // namespace sdt::plan
