#include "cli/terminal.h"

#include <gmock/gmock.h>

namespace sdt::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(KeysIn, KnowsLettersAndTheirCursorKeys) {
  EXPECT_THAT(keys_in("q"), ElementsAre(Key::quit));
  EXPECT_THAT(keys_in("jk g"), ElementsAre(Key::down, Key::up, Key::page_down, Key::top));
  EXPECT_THAT(keys_in("\x1b[A\x1b[B\x1b[5~\x1b[6~"),
              ElementsAre(Key::up, Key::down, Key::page_up, Key::page_down));
  EXPECT_THAT(keys_in("\x1bOA\x1bOB"), ElementsAre(Key::up, Key::down));
}

TEST(KeysIn, LeavesOutWhatMeansNothing) {
  EXPECT_THAT(keys_in("xyz\r\n"), IsEmpty());
  EXPECT_THAT(keys_in("xq"), ElementsAre(Key::quit));
}

TEST(Terminal, HasNoKeysWhereNoTerminalIs) {
  const Terminal terminal(-1, -1);
  EXPECT_EQ(terminal.keys(), -1);
}

TEST(Terminal, IsOfTheUsualSizeWhereNobodySays) {
  const Terminal::Size size = Terminal(-1, -1).size();
  EXPECT_EQ(size.columns, 80U);
  EXPECT_EQ(size.rows, 24U);
}

}  // namespace
}  // namespace sdt::cli
