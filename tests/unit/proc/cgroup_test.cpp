// /proc/PID/cgroup as kernels, service managers and container runtimes write it.
#include "proc/cgroup.h"

#include <string>

#include <gtest/gtest.h>

namespace sdt::proc {
namespace {

const std::string id = "4c01db0b339c6f2b5e3c4d7d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f";
const std::string uid = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
const std::string uid_in_slice = "0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9";

TEST(Cgroup, UnifiedHierarchyHasOneLine) {
  EXPECT_EQ(parse_cgroup("0::/system.slice/shop.service\n"), "/system.slice/shop.service");
  EXPECT_EQ(parse_cgroup("0::/\n"), "/");
}

TEST(Cgroup, LegacyHierarchiesAreSeenThroughSystemds) {
  EXPECT_EQ(parse_cgroup("12:pids:/system.slice/shop.service\n"
                         "3:cpu,cpuacct:/system.slice\n"
                         "1:name=systemd:/system.slice/shop.service\n"),
            "/system.slice/shop.service");
}

TEST(Cgroup, HybridHierarchiesHaveThePathWhereItIsUsed) {
  EXPECT_EQ(parse_cgroup("1:name=systemd:/system.slice/shop.service\n"
                         "0::/system.slice/shop.service/inner\n"),
            "/system.slice/shop.service/inner");
  EXPECT_EQ(parse_cgroup("1:name=systemd:/system.slice/shop.service\n0::/\n"),
            "/system.slice/shop.service");
}

TEST(Cgroup, WithoutSystemdTheLongestPathOfAControllerCounts) {
  EXPECT_EQ(parse_cgroup("2:pids:/docker/" + id + "\n1:name=systemd:/\n0::/\n"), "/docker/" + id);
}

TEST(Cgroup, ColonsAndBlanksBelongToThePath) {
  EXPECT_EQ(parse_cgroup("0::/machine.slice/a:b c\n"), "/machine.slice/a:b c");
}

TEST(Cgroup, NothingIsNothing) {
  EXPECT_EQ(parse_cgroup(""), "");
}

TEST(Unit, IsTheInnermostServiceOrScope) {
  EXPECT_EQ(placement_of("/system.slice/shop.service").unit, "shop.service");
  EXPECT_EQ(placement_of("/system.slice/system-getty.slice/getty@tty1.service").unit,
            "getty@tty1.service");
  EXPECT_EQ(placement_of("/user.slice/user-1000.slice/session-2.scope").unit, "session-2.scope");
  EXPECT_EQ(placement_of("/system.slice/shop.service/worker-3").unit, "shop.service");
  EXPECT_EQ(placement_of("/init.scope").unit, "init.scope");
}

TEST(Unit, OfAUserIsTheOneOfTheirOwnManager) {
  EXPECT_EQ(
      placement_of("/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service").unit,
      "shop.service");
}

TEST(Unit, LosesTheUnderscoreThatSystemdPutsBeforeOddNames) {
  EXPECT_EQ(placement_of("/system.slice/_cpu.service").unit, "cpu.service");
}

TEST(Unit, IsNoSlice) {
  EXPECT_EQ(placement_of("/system.slice").unit, "");
  EXPECT_EQ(placement_of("/").unit, "");
}

TEST(Container, OfDocker) {
  EXPECT_EQ(placement_of("/docker/" + id).container, id);
  EXPECT_EQ(placement_of("/system.slice/docker-" + id + ".scope").container, id);
}

TEST(Container, OfPodman) {
  EXPECT_EQ(placement_of("/machine.slice/libpod-" + id + ".scope").container, id);
  EXPECT_EQ(placement_of("/machine.slice/libpod-" + id + ".scope/container").container, id);
  EXPECT_EQ(placement_of("/libpod_parent/libpod-" + id).container, id);
  EXPECT_EQ(placement_of("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id +
                         ".scope")
                .container,
            id);
}

TEST(Container, OfItsMonitorIsNone) {
  EXPECT_EQ(placement_of("/machine.slice/libpod-conmon-" + id + ".scope").container, "");
  EXPECT_EQ(placement_of("/kubepods.slice/crio-conmon-" + id + ".scope").container, "");
}

TEST(Container, OfContainerdAndCriO) {
  EXPECT_EQ(placement_of("/kubepods.slice/cri-containerd-" + id + ".scope").container, id);
  EXPECT_EQ(placement_of("/kubepods.slice/crio-" + id + ".scope").container, id);
}

TEST(Container, WithinAContainerIsTheInner) {
  const std::string inner(64, 'f');
  EXPECT_EQ(placement_of("/docker/" + id + "/docker/" + inner).container, inner);
}

TEST(Container, IsNotWhatOnlyLooksLikeAnId) {
  EXPECT_EQ(placement_of("/docker/" + id.substr(1)).container, "");
  EXPECT_EQ(placement_of("/docker/" + std::string(64, 'g')).container, "");
  EXPECT_EQ(placement_of("/docker/" + std::string(64, 'A')).container, "");
  EXPECT_EQ(placement_of("/docker/0" + id).container, "");
}

TEST(Pod, BySystemdsDriver) {
  const Placement placement =
      placement_of("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" +
                   uid_in_slice + ".slice/cri-containerd-" + id + ".scope");
  EXPECT_EQ(placement.pod_uid, uid);
  EXPECT_EQ(placement.container, id);
}

TEST(Pod, GuaranteedHasNoClassInItsPath) {
  EXPECT_EQ(placement_of("/kubepods.slice/kubepods-pod" + uid_in_slice + ".slice").pod_uid, uid);
}

TEST(Pod, ByTheKubeletsOwnDriver) {
  EXPECT_EQ(placement_of("/kubepods/besteffort/pod" + uid + "/" + id).pod_uid, uid);
}

TEST(Pod, OfSystemdsNamesInARuntimeWithoutSystemd) {
  const Placement placement =
      placement_of("/system.slice/containerd.service/kubepods-burstable-pod" + uid_in_slice +
                   ".slice:cri-containerd:" + id);
  EXPECT_EQ(placement.pod_uid, uid);
  EXPECT_EQ(placement.container, id);
  EXPECT_EQ(placement.unit, "containerd.service");
}

TEST(Pod, FromAFileHasAHash) {
  const std::string hash(32, '7');
  EXPECT_EQ(placement_of("/kubepods/burstable/pod" + hash + "/" + id).pod_uid, hash);
}

TEST(Pod, BehindACgroupNamespaceIsStillSeen) {
  EXPECT_EQ(
      placement_of("/../../kubepods-pod" + uid_in_slice + ".slice/cri-containerd-" + id + ".scope")
          .pod_uid,
      uid);
}

TEST(Pod, IsNotEveryWordWithPod) {
  EXPECT_EQ(placement_of("/kubepods.slice/kubepods-besteffort.slice").pod_uid, "");
  EXPECT_EQ(placement_of("/system.slice/podman.service").pod_uid, "");
  EXPECT_EQ(placement_of("/tripod" + uid).pod_uid, "");
}

}  // namespace
}  // namespace sdt::proc
