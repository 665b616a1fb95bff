#include "proc/cgroup_ids.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <new>
#include <sstream>
#include <string_view>

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

}  // namespace

CgroupIds::CgroupIds(const std::string& mounts) : mount_point_(find_mount(mounts)) {
  if (mount_point_.empty()) return;
  mount_ = UniqueFd(open(mount_point_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::optional<std::string> CgroupIds::path_of(std::uint64_t id) const {
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
  if (!path.starts_with(mount_point_) || path.size() <= mount_point_.size()) return std::nullopt;
  return std::string(path.substr(mount_point_.size()));
}

}  // namespace sdt::proc
