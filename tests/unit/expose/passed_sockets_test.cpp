#include "expose/passed_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::expose {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(PassedSockets, BeginAtThree) {
  EXPECT_THAT(passed_sockets({"42", "2", ""}, 42).value(), ElementsAre(3, 4));
  EXPECT_THAT(passed_sockets({"42", "2", "web.socket:"}, 42).value(), ElementsAre(3, 4));
}

TEST(PassedSockets, WhatTheDaemonKeptItselfIsNone) {
  EXPECT_THAT(passed_sockets({"42", "4", "sdt-links:web:sdt-x:"}, 42).value(), ElementsAre(4, 6));
}

TEST(PassedSockets, ThoseOfAnotherProcessAreNotOurs) {
  EXPECT_THAT(passed_sockets({"41", "1", ""}, 42).value(), IsEmpty());
  EXPECT_THAT(passed_sockets({"", "", ""}, 42).value(), IsEmpty());
  EXPECT_THAT(passed_sockets({"42", "0", ""}, 42).value(), IsEmpty());
}

TEST(PassedSockets, ContradictionsAreErrors) {
  EXPECT_THAT(passed_sockets({"42", "many", ""}, 42).error().message, HasSubstr("LISTEN_FDS"));
  EXPECT_THAT(passed_sockets({"42", "-1", ""}, 42).error().message, HasSubstr("LISTEN_FDS"));
  EXPECT_THAT(passed_sockets({"42", "2", "a:b:c"}, 42).error().message,
              HasSubstr("3 names for 2 descriptors"));
}

}  // namespace
}  // namespace sdt::expose
