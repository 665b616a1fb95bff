// Groups that the kernel reported, by their numbers.
#include "proc/cgroup_ids.h"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace sdt::proc {
namespace {

namespace fs = std::filesystem;

/// Without a mount, so that nothing is known but what was reported.
class CgroupIdsTest : public ::testing::Test {
 protected:
  CgroupIdsTest() {
    std::string pattern = "/tmp/sdt-cgroups-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~CgroupIdsTest() override { fs::remove_all(directory_); }

  [[nodiscard]] CgroupIds on_machine_with(const std::string& own_groups) const {
    std::ofstream(directory_ / "mountinfo");
    std::ofstream(directory_ / "cgroup") << own_groups;
    return CgroupIds(directory_ / "mountinfo", directory_ / "cgroup");
  }

  fs::path directory_;
};

TEST_F(CgroupIdsTest, GroupsThatWereReportedAreKnown) {
  CgroupIds groups = on_machine_with("0::/\n");
  groups.made({7, "/docker/a"});
  EXPECT_EQ(groups.path_of(7), "/docker/a");
  EXPECT_EQ(groups.path_of(8), std::nullopt);
}

TEST_F(CgroupIdsTest, LegacyHierarchiesOfOthersDoNotMatter) {
  CgroupIds groups = on_machine_with("2:cpu,cpuacct:/\n1:name=systemd:/\n0::/\n");
  groups.made({7, "/docker/a"});
  EXPECT_EQ(groups.path_of(7), "/docker/a");
}

TEST_F(CgroupIdsTest, NumbersOfALegacyHierarchyAreNotTakenForOurs) {
  CgroupIds groups = on_machine_with("2:net_cls,perf_event:/\n1:name=systemd:/\n0::/\n");
  groups.made({7, "/docker/a"});
  EXPECT_EQ(groups.path_of(7), std::nullopt);
}

TEST_F(CgroupIdsTest, TheOldestMakeRoom) {
  CgroupIds groups = on_machine_with("0::/\n");
  for (std::uint64_t id = 1; id <= CgroupIds::most_remembered + 1; ++id) {
    groups.made({id, "/" + std::to_string(id)});
  }
  EXPECT_EQ(groups.path_of(1), std::nullopt);
  EXPECT_EQ(groups.path_of(2), "/2");
  EXPECT_EQ(groups.path_of(CgroupIds::most_remembered + 1),
            "/" + std::to_string(CgroupIds::most_remembered + 1));
}

}  // namespace
}  // namespace sdt::proc
