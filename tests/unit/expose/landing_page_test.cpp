#include "expose/landing_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::expose {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(LandingPage, LeadsToTheMetrics) {
  const std::string page = landing_page("1.2.3", "/metrics");
  EXPECT_THAT(page, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"/metrics\">"));
  EXPECT_THAT(page, HasSubstr("Version 1.2.3"));
}

TEST(LandingPage, HasNoScriptsAndLoadsNothing) {
  const std::string page = landing_page("1.2.3", "/metrics");
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("://")));
}

TEST(LandingPage, EscapesWhatTheUserChose) {
  EXPECT_THAT(landing_page("1", "/m\"><b>&"), HasSubstr("href=\"/m&quot;&gt;&lt;b&gt;&amp;\""));
}

}  // namespace
}  // namespace sdt::expose
