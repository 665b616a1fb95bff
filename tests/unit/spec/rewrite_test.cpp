// `regex` and `replace` of a label.
#include "spec/rewrite.h"

#include <gtest/gtest.h>

namespace sdt::spec {
namespace {

std::string rewritten(const std::string& regex, const std::string& replace,
                      const std::string& text) {
  const auto rewrite = Rewrite::compile(regex, replace);
  if (!rewrite) return "error: " + rewrite.error().message;
  return rewrite->apply(text).value_or("(no match)");
}

std::string replace_error(const std::string& regex, const std::string& replace) {
  const auto rewrite = Rewrite::compile(regex, replace);
  if (rewrite) return "";
  EXPECT_EQ(rewrite.error().in, RewriteError::In::replace);
  return rewrite.error().message;
}

TEST(Rewrite, GroupsAreNamedByNumberOrName) {
  EXPECT_EQ(rewritten("(.*)/(.*)", "$2 of $1", "a/b"), "b of a");
  EXPECT_EQ(rewritten("(.*)/(.*)", "${2}x${1}", "a/b"), "bxa");
  EXPECT_EQ(rewritten("(?P<verb>\\w+) .*", "$verb", "GET /index"), "GET");
  EXPECT_EQ(rewritten("(?P<verb>\\w+) .*", "${verb}_x", "GET /index"), "GET_x");
  EXPECT_EQ(rewritten("a+", "<$0>", "aaa"), "<aaa>");
}

TEST(Rewrite, TextWithoutGroupsStaysAsItIs) {
  EXPECT_EQ(rewritten("/api/.*", "api", "/api/users/7"), "api");
  EXPECT_EQ(rewritten("/api/.*", "", "/api/users/7"), "");
  EXPECT_EQ(rewritten("(\\d+)", "$$$1 \\x", "7"), "$7 \\x");
}

TEST(Rewrite, ThePatternMustMatchTheWholeText) {
  EXPECT_EQ(rewritten("b+", "x", "abbc"), "(no match)");
  EXPECT_EQ(rewritten(".*b+.*", "x", "abbc"), "x");
  EXPECT_EQ(rewritten("a|b", "x", "ab"), "(no match)");
  EXPECT_EQ(rewritten("a|b", "x", "b"), "x");
  EXPECT_EQ(rewritten("", "x", ""), "x");
}

TEST(Rewrite, ADotIsAlsoANewline) {
  EXPECT_EQ(rewritten("(\\w+) .*", "$1", "select a\nfrom b"), "select");
}

TEST(Rewrite, AGroupThatTookNoPartIsEmpty) {
  EXPECT_EQ(rewritten("(a)|(b)", "<$1$2>", "b"), "<b>");
}

TEST(Rewrite, SaysWhatIsWrongWithThePattern) {
  const auto broken = Rewrite::compile("a(", "x");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().in, RewriteError::In::regex);
  EXPECT_EQ(broken.error().message,
            "\"a(\" is not a regular expression (RE2 syntax): missing ): a(");
}

TEST(Rewrite, SaysWhichGroupIsMissing) {
  EXPECT_EQ(replace_error("(a)(b)", "$3"), "the regex has no group \"3\" (it has 2)");
  EXPECT_EQ(replace_error("a", "$1"), "the regex has no group \"1\" (it has none)");
  EXPECT_EQ(replace_error("(a)", "${verb}"), "the regex has no group \"verb\" (it has 1)");
  EXPECT_EQ(replace_error("(a)", "$99999999999"),
            "the regex has no group \"99999999999\" (it has 1)");
}

TEST(Rewrite, SaysHowGroupsAreWritten) {
  EXPECT_EQ(replace_error("(a)", "$1st"), "$1st reads as the group \"1st\"; write ${1}st");
  EXPECT_EQ(replace_error("(a)", "\\1"), "groups are written $1, not \\1");
  for (const std::string text : {"$", "$ ", "${", "${1", "${}", "$-"}) {
    EXPECT_EQ(replace_error("(a)", text),
              "a $ begins a group, such as $1 or ${1}; write $$ for a dollar")
        << text;
  }
}

}  // namespace
}  // namespace sdt::spec
