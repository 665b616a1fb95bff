// The kubelet's directories, as a node has them.
#include "proc/pods.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace sdt::proc {
namespace {

namespace fs = std::filesystem;

const std::string uid = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
const std::string first_id(64, '1');
const std::string second_id(64, '2');

class PodsTest : public ::testing::Test {
 protected:
  PodsTest() {
    std::string pattern = "/tmp/sdt-pods-XXXXXX";
    logs_ = mkdtemp(pattern.data());
  }
  ~PodsTest() override { fs::remove_all(logs_); }

  void add_container(const std::string& name) const {
    fs::create_directories(logs_ / "pods" / ("shop_web-7d9f_" + uid) / name);
  }
  void add_link(const std::string& name, const std::string& id) const {
    fs::create_directories(logs_ / "containers");
    fs::create_symlink("/var/log/pods/0.log",
                       logs_ / "containers" / ("web-7d9f_shop_" + name + "-" + id + ".log"));
  }
  [[nodiscard]] static Placement placed(const std::string& container) {
    Placement placement;
    placement.pod_uid = uid;
    placement.container = container;
    return placement;
  }

  fs::path logs_;
};

TEST_F(PodsTest, NamesAPodAndItsOnlyContainer) {
  add_container("app");
  Pods pods(logs_);
  Placement placement = placed(first_id);
  pods.name(placement);
  EXPECT_EQ(placement.pod, "web-7d9f");
  EXPECT_EQ(placement.pod_namespace, "shop");
  EXPECT_EQ(placement.container_name, "app");
}

TEST_F(PodsTest, TellsContainersOfOnePodByTheirIds) {
  add_container("app");
  add_container("proxy");
  add_link("app", first_id);
  add_link("proxy", second_id);
  Pods pods(logs_);
  Placement one = placed(first_id);
  Placement two = placed(second_id);
  pods.name(one);
  pods.name(two);
  EXPECT_EQ(one.container_name, "app");
  EXPECT_EQ(two.container_name, "proxy");
}

TEST_F(PodsTest, DoesNotGuessAmongContainers) {
  add_container("app");
  add_container("proxy");
  Pods pods(logs_);
  Placement placement = placed(first_id);
  pods.name(placement);
  EXPECT_EQ(placement.pod, "web-7d9f");
  EXPECT_EQ(placement.container_name, "");
}

TEST_F(PodsTest, FindsWhatIsMadeLater) {
  Pods pods(logs_);
  Placement early = placed(first_id);
  pods.name(early);
  EXPECT_EQ(early.pod, "");
  add_container("app");
  Placement later = placed(first_id);
  pods.name(later);
  EXPECT_EQ(later.pod, "web-7d9f");
  EXPECT_EQ(later.container_name, "app");
}

TEST_F(PodsTest, RemembersAfterTheLogsAreGone) {
  add_container("app");
  Pods pods(logs_);
  Placement before = placed(first_id);
  pods.name(before);
  fs::remove_all(logs_ / "pods");
  Placement after = placed(first_id);
  pods.name(after);
  EXPECT_EQ(after, before);
}

TEST_F(PodsTest, LeavesProcessesOutsideOfPodsAlone) {
  add_container("app");
  Pods pods(logs_);
  Placement placement;
  placement.container = first_id;
  pods.name(placement);
  EXPECT_EQ(placement.pod, "");
  EXPECT_EQ(placement.container_name, "");
}

}  // namespace
}  // namespace sdt::proc
