#include "kernel/uprobe_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::kernel {
namespace {

using ::testing::HasSubstr;

TEST(PerfSites, AreAllowedUpToTheLimit) {
  EXPECT_TRUE(allow_perf_sites(0, most_perf_sites).has_value());
  EXPECT_TRUE(allow_perf_sites(most_perf_sites - 1, 1).has_value());
}

TEST(PerfSites, ThoseOfOtherLinksCount) {
  const auto status = allow_perf_sites(4000, 97);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Errc::exhausted);
  EXPECT_THAT(status.error().message, HasSubstr("97 sites, with 4000 attached already"));
  EXPECT_THAT(status.error().message, HasSubstr("no more than 4096"));
}

}  // namespace
}  // namespace sdt::kernel
