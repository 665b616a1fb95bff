// Control groups by the number that the kernel gives them.
//
// Purpose:   bpf_get_current_cgroup_id() tells of a process that is gone already which group of the
//            unified hierarchy it was in; this finds the group's path.
// Ownership: owns a descriptor of the hierarchy's mount.
// Thread:    any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_fd.h"

namespace sdt::proc {

class CgroupIds {
 public:
  /// Finds where the unified hierarchy is mounted; without one, no path is ever found. `mounts` is
  /// /proc/self/mountinfo but for tests.
  explicit CgroupIds(const std::string& mounts = "/proc/self/mountinfo");

  /// The path in the hierarchy; nothing for groups that are gone, for the root, which is also what
  /// every process is in where the hierarchy is not used, and without CAP_DAC_READ_SEARCH.
  [[nodiscard]] std::optional<std::string> path_of(std::uint64_t id) const;

 private:
  UniqueFd mount_;
  std::string mount_point_;
};

}  // namespace sdt::proc
