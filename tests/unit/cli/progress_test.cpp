#include "cli/progress.h"

#include <gtest/gtest.h>

namespace sdt::cli {
namespace {

TEST(Progress, IsALineThatIsGoneAtTheEnd) {
  testing::internal::CaptureStderr();
  {
    Progress progress("processes", true);
    while (!progress.is_shown()) progress.at(3, 7);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "\rlooking: 3 of 7 processes\x1b[K\r\x1b[K");
}

TEST(Progress, IsNotSeenWhereALookIsOverInAMoment) {
  testing::internal::CaptureStderr();
  Progress("processes", true).at(3, 7);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Progress, IsNotSeenWhereNoTerminalIs) {
  testing::internal::CaptureStderr();
  {
    Progress progress("processes", false);
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(150);
    while (std::chrono::steady_clock::now() < end) progress.at(3, 7);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace sdt::cli
