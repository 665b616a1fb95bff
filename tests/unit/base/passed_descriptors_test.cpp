#include "base/passed_descriptors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PassedDescriptor named(int number, std::string name = {}) {
  return {number, std::move(name)};
}

TEST(PassedDescriptors, BeginAtThree) {
  EXPECT_THAT(passed_descriptors({"42", "2", ""}, 42).value(), ElementsAre(named(3), named(4)));
}

TEST(PassedDescriptors, HaveNamesThatMayBeEmpty) {
  EXPECT_THAT(passed_descriptors({"42", "3", "web.socket::sdt-link-1-link"}, 42).value(),
              ElementsAre(named(3, "web.socket"), named(4), named(5, "sdt-link-1-link")));
}

TEST(PassedDescriptors, ThoseOfAnotherProcessAreNotOurs) {
  EXPECT_THAT(passed_descriptors({"41", "1", ""}, 42).value(), IsEmpty());
  EXPECT_THAT(passed_descriptors({"", "", ""}, 42).value(), IsEmpty());
  EXPECT_THAT(passed_descriptors({"42", "0", ""}, 42).value(), IsEmpty());
}

TEST(PassedDescriptors, ContradictionsAreErrors) {
  EXPECT_THAT(passed_descriptors({"42", "many", ""}, 42).error().message, HasSubstr("LISTEN_FDS"));
  EXPECT_THAT(passed_descriptors({"42", "-1", ""}, 42).error().message, HasSubstr("LISTEN_FDS"));
  EXPECT_THAT(passed_descriptors({"42", "2", "a:b:c"}, 42).error().message,
              HasSubstr("3 names for 2 descriptors"));
}

TEST(PassedDescriptors, OneThatIsNotOpenCannotBeTaken) {
  const auto taken = take_passed(named(1'000'000, "web.socket"));
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message, HasSubstr("web.socket"));
}

}  // namespace
}  // namespace sdt
