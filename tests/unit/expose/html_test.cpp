#include "expose/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::expose {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Page page() {
  return {.title = "T",
          .path = "/targets",
          .telemetry_path = "/metrics",
          .version = "1.2.3",
          .body = "<p>B</p>\n"};
}

TEST(Html, TextCannotLeaveItsPlace) {
  EXPECT_EQ(escaped("plain text"), "plain text");
  EXPECT_EQ(escaped("<script>alert('1')</script>"),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;");
  EXPECT_EQ(escaped("\"a\" & b"), "&quot;a&quot; &amp; b");
}

TEST(Html, WhatIsNotUtf8IsReplacedByteByByte) {
  EXPECT_EQ(escaped("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(escaped("a\xFF\xC3<"), "a\xEF\xBF\xBD\xEF\xBF\xBD&lt;");
}

TEST(Html, ControlCharactersAreReplaced) {
  EXPECT_EQ(escaped("a\x1B[1mb\nc\x7F"),
            "a\xEF\xBF\xBD[1mb\xEF\xBF\xBD"
            "c\xEF\xBF\xBD");
  EXPECT_EQ(escaped(std::string_view("a\0b", 3)),
            "a\xEF\xBF\xBD"
            "b");
}

TEST(Html, NothingTurnsTheDirectionOfWriting) {
  EXPECT_EQ(escaped("a\u202Efdp.exe\u2066"), "a\uFFFDfdp.exe\uFFFD");
}

TEST(Html, APageIsADocumentWithoutScriptsThatLoadsNothing) {
  const std::string html = to_html(page());
  EXPECT_THAT(html, StartsWith("<!DOCTYPE html>\n<html lang=\"en\">"));
  EXPECT_THAT(html, HasSubstr("<main>\n<p>B</p>\n</main>"));
  EXPECT_THAT(html, HasSubstr("version 1.2.3"));
  EXPECT_THAT(html, HasSubstr("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
  for (const char* unwanted : {"<script", "://", "<link", "src=\"", "url(", "@import", " style="}) {
    EXPECT_THAT(html, Not(HasSubstr(unwanted)));
  }
}

TEST(Html, TheNavigationMarksThePageItIsOn) {
  const std::string html = to_html(page());
  EXPECT_THAT(html, HasSubstr("<a href=\"/\">Overview</a>\n"
                              "<a href=\"/targets\" aria-current=\"page\">Targets</a>\n"
                              "<a href=\"/api/v1/targets\">JSON</a>\n"
                              "<a href=\"/metrics\">Metrics</a>\n"));
}

TEST(Html, WhatTheUserChoseIsEscaped) {
  Page mine = page();
  mine.telemetry_path = "/m\"><b>&";
  EXPECT_THAT(to_html(mine), HasSubstr("<a href=\"/m&quot;&gt;&lt;b&gt;&amp;\">"));
}

TEST(Html, APageIsAskedForAgainOnlyWhenItSaysSo) {
  EXPECT_THAT(to_html(page()), Not(HasSubstr("http-equiv=\"refresh\"")));
  Page live = page();
  live.refresh_seconds = 5;
  EXPECT_THAT(to_html(live), HasSubstr("<meta http-equiv=\"refresh\" content=\"5\">\n"));
}

}  // namespace
}  // namespace sdt::expose
