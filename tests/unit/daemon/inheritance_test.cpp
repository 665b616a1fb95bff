// What one daemon leaves to the next, as bytes.
#include "daemon/inheritance.h"

#include <fcntl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::daemon {
namespace {

using testing::ElementsAre;
using testing::Key;

TEST(SavedStateTest, ComesBackAsItWas) {
  SavedState state;
  state.next_number = 7;
  state.next_kept = 1234567890123;
  SavedTarget& target = state.targets.emplace_back();
  target.name = "shop";
  target.images.push_back({{42, 99}, true, {42, 1000}, "/bin/shop", "shop", 5, "seller", {}});
  target.images.back().placement.unit = "shop.service";
  SavedMetric& metric = target.metrics.emplace_back();
  metric.fingerprint = "{name}";
  metric.series = std::string("\0\xff\n", 3);
  metric.links.push_back(
      {{8, 1, 77}, "/bin/shop", "sdt-link-3-", "notes", 1, {{{"shop", "sale"}, 2}}});
  state.guards.push_back({{8, 1, 77}, "/bin/shop", "sdt-file-4", true, 100, 5, 6});

  const auto again = to_state(to_bytes(state));
  ASSERT_TRUE(again);
  EXPECT_EQ(to_bytes(*again), to_bytes(state));
  EXPECT_EQ(again->next_kept, 1234567890123U);
  ASSERT_EQ(again->targets.size(), 1U);
  EXPECT_EQ(again->targets[0].images.at(0).placement.unit, "shop.service");
  EXPECT_EQ(again->targets[0].metrics.at(0).series, std::string("\0\xff\n", 3));
  EXPECT_EQ(again->targets[0].metrics.at(0).links.at(0).sites.at(0).second, 2U);
  EXPECT_TRUE(again->guards.at(0).is_lease);
}

TEST(SavedStateTest, OfAnotherVersionIsNotRead) {
  SavedState state;
  state.version = SavedState::current_version + 1;
  EXPECT_FALSE(to_state(to_bytes(state)));
}

TEST(SavedStateTest, CutShortIsNotRead) {
  SavedState state;
  state.targets.emplace_back().name = "shop";
  const std::string bytes = to_bytes(state);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(to_state(bytes.substr(0, size))) << size;
  }
}

TEST(InheritanceTest, DescriptorsAreTakenOnce) {
  Inheritance inheritance;
  for (const char* name : {"sdt-link-1-link", "sdt-link-11-link", "sdt-metric-1-hits"}) {
    inheritance.descriptors.emplace(name, UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)));
  }
  EXPECT_THAT(inheritance.take_all("sdt-link-1-"), ElementsAre(Key("link")));
  EXPECT_TRUE(inheritance.take("sdt-metric-1-hits").valid());
  EXPECT_FALSE(inheritance.take("sdt-metric-1-hits").valid());
  EXPECT_THAT(inheritance.descriptors, ElementsAre(Key("sdt-link-11-link")));
}

}  // namespace
}  // namespace sdt::daemon
