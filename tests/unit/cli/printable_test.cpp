#include "cli/printable.h"

#include <gtest/gtest.h>

namespace sdt::cli {
namespace {

TEST(Printable, LeavesTextInAnyLanguageAsItIs) {
  EXPECT_EQ(printable("shop, Größe, 日本, 🙂"), "shop, Größe, 日本, 🙂");
}

TEST(Printable, EscapesWhatControlsATerminal) {
  EXPECT_EQ(printable("\x1b[2J\r\n\t\x7f"), "\\x1b[2J\\x0d\\x0a\\x09\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // CSI in one character
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, EscapesWhatTurnsOrHidesText) {
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // right-to-left override
  EXPECT_EQ(printable("\xe2\x80\x8b"), "\\xe2\\x80\\x8b");  // zero width space
  EXPECT_EQ(printable("\xe2\x80\xa8"), "\\xe2\\x80\\xa8");  // line separator
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("a\xff"), "a\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");           // cut
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");  // not the shortest form
  EXPECT_EQ(printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // half a surrogate pair
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\xc3(\xc3\xa4"), "\\xc3(ä");
}

TEST(Columns, AreAsManyAsCharacters) {
  EXPECT_EQ(columns(""), 0U);
  EXPECT_EQ(columns("abc"), 3U);
  EXPECT_EQ(columns("Größe"), 5U);
}

TEST(Cut, LeavesWhatFits) {
  EXPECT_EQ(cut("Größe", 5), "Größe");
}

TEST(Cut, SaysThatSomethingIsLeftOut) {
  EXPECT_EQ(cut("Größe", 4), "Grö…");
  EXPECT_EQ(cut("abc", 1), "…");
}

}  // namespace
}  // namespace sdt::cli
