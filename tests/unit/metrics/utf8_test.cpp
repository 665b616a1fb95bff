#include "metrics/utf8.h"

#include <string>

#include <gtest/gtest.h>

namespace sdt::metrics {
namespace {

const std::string bad = "\xEF\xBF\xBD";

TEST(Utf8, KeepsWellFormedTextOfEveryLength) {
  const std::string text =
      "a \x7F \xC2\x80 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 "
      "\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF";
  EXPECT_EQ(to_valid_utf8(text), text);
}

TEST(Utf8, ReplacesEachByteThatBelongsToNoSequence) {
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a" + bad + "z");
  EXPECT_EQ(to_valid_utf8("\x80\xBF"), bad + bad);
}

TEST(Utf8, ReplacesEachByteOfACutSequence) {
  EXPECT_EQ(to_valid_utf8("\xE2\x82"), bad + bad);
  EXPECT_EQ(to_valid_utf8("\xE2\x82x"), bad + bad + "x");
}

TEST(Utf8, ReadsOnRightBehindABrokenSequence) {
  EXPECT_EQ(to_valid_utf8("\xE2\xC3\xA9"), bad + "\xC3\xA9");
}

TEST(Utf8, RefusesOverlongForms) {
  EXPECT_EQ(to_valid_utf8("\xC0\xAF"), bad + bad);
  EXPECT_EQ(to_valid_utf8("\xC1\xBF"), bad + bad);
  EXPECT_EQ(to_valid_utf8("\xE0\x9F\xBF"), bad + bad + bad);
  EXPECT_EQ(to_valid_utf8("\xF0\x8F\xBF\xBF"), bad + bad + bad + bad);
}

TEST(Utf8, RefusesSurrogates) {
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80"), bad + bad + bad);
  EXPECT_EQ(to_valid_utf8("\xED\xBF\xBF"), bad + bad + bad);
}

TEST(Utf8, RefusesCodePointsAboveTheLast) {
  EXPECT_EQ(to_valid_utf8("\xF4\x90\x80\x80"), bad + bad + bad + bad);
  EXPECT_EQ(to_valid_utf8("\xF5\x80\x80\x80"), bad + bad + bad + bad);
}

TEST(Utf8, ReplacesNul) {
  EXPECT_EQ(to_valid_utf8(std::string("a\0b", 3)), "a" + bad + "b");
}

}  // namespace
}  // namespace sdt::metrics
