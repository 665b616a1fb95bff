// logfmt values.
#include "daemon/log.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace sdt::daemon {
namespace {

TEST(LogfmtValue, LeavesPlainWordsPlain) {
  EXPECT_EQ(logfmt_value("/usr/bin/postgres"), "/usr/bin/postgres");
}

TEST(LogfmtValue, QuotesBlanksAndTheEmptyValue) {
  EXPECT_EQ(logfmt_value("no such file"), "\"no such file\"");
  EXPECT_EQ(logfmt_value(""), "\"\"");
}

TEST(LogfmtValue, EscapesWhatWouldBreakTheLine) {
  EXPECT_EQ(logfmt_value("a\"b\\c\nd\x01"), "\"a\\\"b\\\\c\\nd\\x01\"");
}

TEST(Log, GivesItsLinesToWhoShowsThemHimself) {
  std::vector<std::string> lines;
  const Log log(LogLevel::warn, [&](std::string_view line) { lines.emplace_back(line); });
  log.info("not of interest");
  log.warn("a file is gone", {{"file", "/srv/a b"}});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].ends_with(" level=warn msg=\"a file is gone\" file=\"/srv/a b\""))
      << lines[0];
}

}  // namespace
}  // namespace sdt::daemon
