#include "proc/cgroup_ids.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <new>
#include <sstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace sdt::proc {
namespace {

/// FILEID_KERNFS of the kernel's include/linux/exportfs.h: eight bytes, the group's number.
constexpr int kernfs_handle = 0xfe;

/// Field 5 of the line of a cgroup2 mount, whose root (field 4) is the hierarchy's own.
std::string find_mount(const std::string& mounts) {
  std::ifstream file(mounts);
  for (std::string line; std::getline(file, line);) {
    const std::size_t separator = line.find(" - ");
    if (separator == std::string::npos) continue;
    if (!std::string_view(line).substr(separator + 3).starts_with("cgroup2 ")) continue;
    std::istringstream words(line);
    std::string skipped;
    std::string root;
    std::string point;
    if (words >> skipped >> skipped >> skipped >> root >> point && root == "/") return point;
  }
  return {};
}

/// The controllers of the legacy hierarchies, an entry a hierarchy: "cpu,cpuacct".
std::vector<std::string> legacy_hierarchies(const std::string& own_groups) {
  std::vector<std::string> found;
  std::ifstream file(own_groups);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string number;
    std::string controllers;
    std::getline(fields, number, ':');
    if (std::getline(fields, controllers, ':') && number != "0") found.push_back(controllers);
  }
  return found;
}

bool has_perf_event(const std::string& controllers) {
  return ("," + controllers + ",").find(",perf_event,") != std::string::npos;
}

}  // namespace

CgroupIds::CgroupIds(const std::string& mounts, const std::string& own_groups)
    : mount_point_(find_mount(mounts)) {
  const auto legacy = legacy_hierarchies(own_groups);
  is_alone_ = legacy.empty();
  takes_reports_ = std::ranges::none_of(legacy, has_perf_event);
  if (mount_point_.empty()) return;
  mount_ = UniqueFd(open(mount_point_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

void CgroupIds::made(const CgroupMade& group) {
  if (!takes_reports_ || group.path.size() <= 1) return;
  if (!made_.insert_or_assign(group.id, group.path).second) return;
  in_order_.push_back(group.id);
  if (in_order_.size() <= most_remembered) return;
  made_.erase(in_order_.front());
  in_order_.pop_front();
}

std::optional<std::string> CgroupIds::path_of(std::uint64_t id) const {
  if (auto path = mounted_path_of(id)) return path;
  const auto known = made_.find(id);
  return known == made_.end() ? std::nullopt : std::optional(known->second);
}

std::optional<std::string> CgroupIds::mounted_path_of(std::uint64_t id) const {
  if (!mount_.valid() || id == 0) return std::nullopt;
  alignas(file_handle) std::array<std::byte, sizeof(file_handle) + sizeof id> storage{};
  auto* handle = new (storage.data()) file_handle{};
  handle->handle_bytes = sizeof id;
  handle->handle_type = kernfs_handle;
  std::memcpy(storage.data() + sizeof(file_handle), &id, sizeof id);
  const UniqueFd group(open_by_handle_at(mount_.get(), handle, O_PATH | O_CLOEXEC));
  if (!group.valid()) return std::nullopt;
  std::array<char, PATH_MAX> buffer;
  const ssize_t length =
      readlink(fmt::format("/proc/self/fd/{}", group.get()).c_str(), buffer.data(), buffer.size());
  if (length < 0) return std::nullopt;
  const std::string_view path(buffer.data(), static_cast<std::size_t>(length));
  if (path == mount_point_) return is_alone_ ? std::optional<std::string>("/") : std::nullopt;
  if (!path.starts_with(mount_point_ + "/")) return std::nullopt;
  return std::string(path.substr(mount_point_.size()));
}

}  // namespace sdt::proc
