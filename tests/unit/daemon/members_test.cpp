// Who belongs to a target, from one look at /proc to the next.
#include "daemon/members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::daemon {
namespace {

using metrics::ProcessView;
using testing::ElementsAre;
using testing::IsEmpty;

const Time now{std::chrono::seconds(1000)};

proc::Process process(std::uint32_t pid, std::uint64_t start, const char* exe) {
  proc::Process made;
  made.id = {pid, start};
  made.exe = exe;
  return made;
}

spec::Target shop() {
  spec::Target target;
  target.processes.resize(1);
  target.processes[0].exe = Glob("/bin/shop");
  return target;
}

class MembersTest : public testing::Test {
 protected:
  Members::Change update(std::vector<proc::Process> processes, Time when) {
    const Census census{std::move(processes), {}};
    const Members::Change change = members_.diff(census);
    members_.commit(census, change, when);
    return change;
  }

  spec::Target target_ = shop();
  Members members_{target_};
};

TEST_F(MembersTest, AMatchingProcessJoins) {
  const auto change = update({process(7, 1, "/bin/shop"), process(8, 1, "/bin/bank")}, now);
  EXPECT_THAT(change.joined, ElementsAre(7));
  EXPECT_THAT(members_.running(), ElementsAre(7));
  EXPECT_EQ(members_.view(7)->standing, ProcessView::Standing::member);
  EXPECT_FALSE(members_.view(8));
}

TEST_F(MembersTest, AnEndedMemberIsRememberedWithItsEnd) {
  static_cast<void>(update({process(7, 1, "/bin/shop")}, now));
  const auto change = update({}, now + std::chrono::seconds(2));
  EXPECT_THAT(change.left, ElementsAre(7));
  EXPECT_THAT(members_.running(), IsEmpty());
  EXPECT_EQ(members_.view(7)->standing, ProcessView::Standing::member);
  EXPECT_EQ(members_.view(7)->ended, now + std::chrono::seconds(2));
}

TEST_F(MembersTest, AReusedPidIsAnotherProcess) {
  static_cast<void>(update({process(7, 1, "/bin/shop")}, now));
  const auto change = update({process(7, 2, "/bin/shop")}, now);
  EXPECT_THAT(change.left, ElementsAre(7));
  EXPECT_THAT(change.joined, ElementsAre(7));
}

TEST_F(MembersTest, AMemberThatExecutesAnotherProgramLeaves) {
  static_cast<void>(update({process(7, 1, "/bin/shop")}, now));
  const auto change = update({process(7, 1, "/bin/bank")}, now);
  EXPECT_THAT(change.left, ElementsAre(7));
  EXPECT_THAT(change.joined, IsEmpty());
}

TEST_F(MembersTest, AForeignProcessThatExecutesTheProgramJoins) {
  EXPECT_FALSE(members_.admit(process(7, 1, "/bin/sh")));
  EXPECT_EQ(members_.view(7)->standing, ProcessView::Standing::foreign);
  const auto change = update({process(7, 1, "/bin/shop")}, now);
  EXPECT_THAT(change.left, ElementsAre(7));
  EXPECT_THAT(change.joined, ElementsAre(7));
}

TEST_F(MembersTest, AProcessThatCannotBeReadThisTimeStaysWhatItWas) {
  static_cast<void>(update({process(7, 1, "/bin/shop")}, now));
  const auto change = members_.diff({{}, {7}});
  EXPECT_THAT(change.left, IsEmpty());
}

TEST_F(MembersTest, WhoLeavesIsKnownAsItWasUntilTheChangeIsCommitted) {
  static_cast<void>(update({process(7, 1, "/bin/shop")}, now));
  const auto change = members_.diff({{process(7, 1, "/bin/bank")}, {}});
  EXPECT_THAT(change.left, ElementsAre(7));
  EXPECT_EQ(members_.view(7)->exe, "/bin/shop");
  EXPECT_FALSE(members_.view(7)->ended);
}

TEST_F(MembersTest, AStrangerWithAnEndedMembersPidIsForeign) {
  static_cast<void>(update({process(7, 1, "/bin/shop")}, now));
  static_cast<void>(update({}, now));
  EXPECT_FALSE(members_.admit(process(7, 2, "/bin/bank")));
  EXPECT_EQ(members_.view(7)->standing, ProcessView::Standing::foreign);
}

TEST_F(MembersTest, AProcessThatChangesItsNameIsJudgedAnew) {
  target_.processes[0].exe.reset();
  target_.processes[0].comm = Glob("worker");
  proc::Process changing = process(7, 1, "/bin/shop");
  changing.comm = "init";
  EXPECT_FALSE(members_.admit(changing));
  changing.comm = "worker";
  const auto change = update({changing}, now);
  EXPECT_THAT(change.left, ElementsAre(7));
  EXPECT_THAT(change.joined, ElementsAre(7));
}

TEST_F(MembersTest, EndedMembersAreForgottenInTheEnd) {
  static_cast<void>(update({process(7, 1, "/bin/shop")}, now));
  static_cast<void>(update({}, now));
  members_.forget_ended_before(now + std::chrono::seconds(1));
  EXPECT_FALSE(members_.view(7));
}

}  // namespace
}  // namespace sdt::daemon
