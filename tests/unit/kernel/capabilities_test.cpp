// Which capabilities are said to be missing.
#include "kernel/capabilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>

namespace sdt::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr CapabilitySet bit(int number) {
  return CapabilitySet{1} << number;
}

/// What the unit gives.
constexpr CapabilitySet service = bit(CAP_BPF) | bit(CAP_PERFMON) | bit(CAP_SYS_PTRACE) |
                                  bit(CAP_DAC_READ_SEARCH) | bit(CAP_CHECKPOINT_RESTORE) |
                                  bit(CAP_LEASE);

std::vector<std::string> names(const std::vector<MissingCapability>& missing) {
  std::vector<std::string> found;
  for (const MissingCapability& capability : missing) found.push_back(capability.name);
  return found;
}

TEST(Capabilities, TheServiceHasAllWhereUprobeMultiIs) {
  EXPECT_THAT(missing_capabilities(service, true), IsEmpty());
}

TEST(Capabilities, PerfEventsTakeSysAdmin) {
  EXPECT_THAT(names(missing_capabilities(service, false)), ElementsAre("CAP_SYS_ADMIN"));
  EXPECT_THAT(missing_capabilities(service | bit(CAP_SYS_ADMIN), false), IsEmpty());
}

TEST(Capabilities, EachIsNamedWhenItAloneIsMissing) {
  const auto without = [](int number) {
    return names(missing_capabilities(service & ~bit(number), true));
  };
  EXPECT_THAT(without(CAP_BPF), ElementsAre("CAP_BPF"));
  EXPECT_THAT(without(CAP_PERFMON), ElementsAre("CAP_PERFMON"));
  EXPECT_THAT(without(CAP_SYS_PTRACE), ElementsAre("CAP_SYS_PTRACE"));
  EXPECT_THAT(without(CAP_DAC_READ_SEARCH), ElementsAre("CAP_DAC_READ_SEARCH"));
  EXPECT_THAT(without(CAP_CHECKPOINT_RESTORE), ElementsAre("CAP_CHECKPOINT_RESTORE"));
  EXPECT_THAT(without(CAP_LEASE), ElementsAre("CAP_LEASE"));
}

TEST(Capabilities, SysAdminStandsInForSome) {
  EXPECT_THAT(names(missing_capabilities(bit(CAP_SYS_ADMIN), true)),
              ElementsAre("CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_LEASE"));
}

TEST(Capabilities, OnlyLoadingStopsAll) {
  for (const MissingCapability& capability : missing_capabilities(0, false)) {
    EXPECT_EQ(capability.stops_all,
              capability.name == "CAP_BPF" || capability.name == "CAP_PERFMON");
  }
}

TEST(Capabilities, OfThisProcessCanBeAsked) {
  EXPECT_TRUE(own_capabilities());
}

}  // namespace
}  // namespace sdt::kernel
