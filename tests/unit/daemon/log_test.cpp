// logfmt values.
#include "daemon/log.h"

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

}  // namespace
}  // namespace sdt::daemon
