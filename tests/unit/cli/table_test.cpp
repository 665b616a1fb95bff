#include "cli/table.h"

#include <gtest/gtest.h>

namespace sdt::cli {
namespace {

std::string text_of(const Table& table, const Style& style = {}) {
  std::string text;
  for (const std::string& line : table.lines(style)) text += line + "\n";
  return text;
}

TEST(Table, PutsColumnsBelowEachOther) {
  Table table({Align::left, Align::right, Align::left}, 2);
  table.row({{"name"}, {"count"}, {"note"}});
  table.row({{"a"}, {"12"}, {"first"}});
  table.row({{"longer"}, {"3"}, {"second"}});
  EXPECT_EQ(text_of(table),
            "  name   count note\n"
            "  a         12 first\n"
            "  longer     3 second\n");
}

TEST(Table, KeepsThePlaceOfEmptyCellsAndLeavesNoBlanksAtTheEnd) {
  Table table({Align::left, Align::left, Align::left}, 0, 2);
  table.row({{"ab"}, {"cd"}, {"ef"}});
  table.row({{"a"}, {""}, {"e"}});
  table.row({{"a"}, {"c"}});
  EXPECT_EQ(text_of(table),
            "ab  cd  ef\n"
            "a       e\n"
            "a   c\n");
}

TEST(Table, LeavesLinesBetweenRowsAsTheyAre) {
  Table table({Align::left, Align::left}, 2);
  table.row({{"a"}, {"b"}});
  table.line("a line that is longer than any column");
  table.row({{"aa"}, {"b"}});
  EXPECT_EQ(text_of(table),
            "  a  b\n"
            "a line that is longer than any column\n"
            "  aa b\n");
}

TEST(Table, GivesItsLinesOneByOneToo) {
  Table table({Align::left, Align::left}, 1);
  table.row({{"a"}, {"b"}});
  table.row({{"wide"}, {"c"}});
  std::string text = "> ";
  table.append(0, text, {});
  EXPECT_EQ(text, ">  a    b");
  EXPECT_EQ(table.size(), 2U);
}

TEST(Table, CountsCharactersAndNotBytes) {
  Table table({Align::left, Align::left}, 0);
  table.row({{"Größe"}, {"1"}});
  table.row({{"Groes"}, {"2"}});
  EXPECT_EQ(text_of(table), "Größe 1\nGroes 2\n");
}

TEST(Table, PaintsTheTextAndNotTheBlanks) {
  Table table({Align::left, Align::left}, 1);
  table.row({{"a", Paint::red}, {"b"}});
  table.row({{"aa"}, {"b"}});
  EXPECT_EQ(text_of(table, {.colours = true}), " \x1b[31ma\x1b[0m  b\n aa b\n");
}

}  // namespace
}  // namespace sdt::cli
