// Control groups by the number that the kernel gives them.
//
// Purpose:   bpf_get_current_cgroup_id() tells of a process that is gone already which group of the
//            unified hierarchy it was in; this finds the group's path.
// Ownership: owns a descriptor of the hierarchy's mount, and remembers groups that were made.
// Thread:    any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/unique_fd.h"
#include "proc/record.h"

namespace sdt::proc {

class CgroupIds {
 public:
  /// Of the groups that were made since, so many are remembered, the latest.
  static constexpr std::size_t most_remembered = 4096;

  /// Finds where the unified hierarchy is mounted. The files are /proc/self/mountinfo and
  /// /proc/self/cgroup but for tests.
  explicit CgroupIds(const std::string& mounts = "/proc/self/mountinfo",
                     const std::string& own_groups = "/proc/self/cgroup");

  /// A container that ends takes its group along: its path outlives it here. Ignored where the
  /// kernel reports the groups of perf_event's own legacy hierarchy, whose numbers are others.
  void made(const CgroupMade& group);

  /// The path in the hierarchy. Nothing for groups that were gone before we could know them; for
  /// the root where there are legacy hierarchies too, because a process that is placed in those is
  /// in it; and, of groups older than this object, without a mount or CAP_DAC_READ_SEARCH.
  [[nodiscard]] std::optional<std::string> path_of(std::uint64_t id) const;

 private:
  [[nodiscard]] std::optional<std::string> mounted_path_of(std::uint64_t id) const;

  UniqueFd mount_;
  std::string mount_point_;
  bool is_alone_ = false;
  bool takes_reports_ = false;
  std::unordered_map<std::uint64_t, std::string> made_;
  std::deque<std::uint64_t> in_order_;  ///< of their making
};

}  // namespace sdt::proc
