#include "daemon/roster.h"

#include <gtest/gtest.h>

namespace sdt::daemon {
namespace {

using Standing = metrics::ProcessView::Standing;

proc::ImagePtr image(std::uint32_t pid, std::string exe) {
  auto made = std::make_shared<proc::Image>();
  made->pid = pid;
  auto facts = std::make_shared<proc::Process>();
  facts->exe = std::move(exe);
  made->facts = facts;
  return made;
}

TEST(Roster, KnowsNothingOfAKeyThatWasNotBound) {
  EXPECT_FALSE(Roster().view({7, 1}));
}

TEST(Roster, TellsTwoImagesOfOnePidApart) {
  Roster roster;
  roster.bind({7, 1}, image(7, "/bin/member"), true);
  roster.bind({7, 2}, image(7, "/bin/stranger"), false);
  EXPECT_EQ(roster.view({7, 1})->standing, Standing::member);
  EXPECT_EQ(roster.view({7, 1})->facts.exe, "/bin/member");
  EXPECT_EQ(roster.view({7, 2})->standing, Standing::foreign);
}

TEST(Roster, MemberKeepsItsNameAfterItsEnd) {
  Roster roster;
  const auto gone = image(7, "/bin/app");
  roster.bind({7, 1}, gone, true);
  gone->ended = 5;
  EXPECT_EQ(roster.view({7, 1})->facts.exe, "/bin/app");
  EXPECT_EQ(roster.view({7, 1})->ended, to_time(5));
}

TEST(Roster, ForgetsImagesThatHaveBeenAddedUp) {
  Roster roster;
  const auto gone = image(7, "/bin/app");
  roster.bind({7, 1}, gone, true);
  roster.bind({8, 1}, image(8, "/bin/app"), true);
  gone->ended = 5;
  EXPECT_TRUE(roster.forget_ended_before(to_time(5)).empty());
  EXPECT_EQ(roster.forget_ended_before(to_time(6)), (std::vector<ImageKey>{{7, 1}}));
  EXPECT_FALSE(roster.view({7, 1}));
  EXPECT_TRUE(roster.view({8, 1}));
}

TEST(Roster, MemberIsTheImageAndNotThePid) {
  Roster roster;
  const auto first = image(7, "/bin/app");
  roster.join(first);
  EXPECT_TRUE(roster.is_member(first));
  EXPECT_FALSE(roster.is_member(image(7, "/bin/app")));
  EXPECT_TRUE(roster.leave(7));
  EXPECT_FALSE(roster.is_member(first));
}

}  // namespace
}  // namespace sdt::daemon
