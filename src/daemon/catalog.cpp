#include "daemon/catalog.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "elf/mapped_file.h"

namespace sdt::daemon {
namespace {

/// AT_HANDLE_FID of linux/fcntl.h (kernel 6.6): a handle that only identifies, which overlayfs can
/// always give.
constexpr int at_handle_fid = 0x200;

bool is_same_version(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec && a.st_ctim.tv_sec == b.st_ctim.tv_sec &&
         a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

/// The file handle's bytes, empty when the kernel or the file system has none.
std::string handle_of(int fd) {
  alignas(file_handle) std::array<std::byte, sizeof(file_handle) + MAX_HANDLE_SZ> storage{};
  auto* handle = new (storage.data()) file_handle{};
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount_id = 0;
  if (name_to_handle_at(fd, "", handle, &mount_id, AT_EMPTY_PATH | at_handle_fid) != 0) return {};
  const std::size_t size = sizeof(file_handle) + handle->handle_bytes;
  std::string bytes(size, '\0');
  std::memcpy(bytes.data(), storage.data(), size);
  return bytes;
}

/// Device and inode as /proc shows them of a mapping. Kernels without such handles name the file in
/// the layer below here (newer ones, from 6.8 on, the overlay's).
std::string mapped_as(int fd) {
  void* page = mmap(nullptr, 1, PROT_READ, MAP_PRIVATE, fd, 0);
  if (page == MAP_FAILED) return {};
  const std::string begin = fmt::format("{:x}-", reinterpret_cast<std::uintptr_t>(page));
  std::string identity;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; identity.empty() && std::getline(maps, line);) {
    if (!line.starts_with(begin)) continue;
    std::istringstream fields(line);
    std::string range, permissions, offset, device, inode;
    if (fields >> range >> permissions >> offset >> device >> inode)
      identity = device + " " + inode;
  }
  munmap(page, 1);
  return identity;
}

}  // namespace

Result<proc::FileId> Catalog::identify(int fd) {
  struct stat facts {};
  if (fstat(fd, &facts) != 0) return fail_errno(errno, "looking at an open file");
  const proc::FileId file{major(facts.st_dev), minor(facts.st_dev), facts.st_ino};
  struct statfs system {};
  if (fstatfs(fd, &system) != 0 || system.f_type != OVERLAYFS_SUPER_MAGIC) return file;
  std::string handle = handle_of(fd);
  if (handle.empty()) handle = mapped_as(fd);
  return handle.empty() ? file : by_handle_.try_emplace(handle, file).first->second;
}

const CatalogEntry* Catalog::known(const proc::FileId& file, int fd) const {
  struct stat now {};
  const CatalogEntry* entry = known(file);
  const bool holds =
      entry != nullptr && fstat(fd, &now) == 0 && is_same_version(entry->read_as, now);
  return holds ? entry : nullptr;
}

const CatalogEntry* Catalog::known(const proc::FileId& file) const {
  const auto entry = entries_.find(file);
  return entry == entries_.end() ? nullptr : &entry->second;
}

const CatalogEntry& Catalog::read(const proc::FileId& file, const FileGuard& guard,
                                  const std::string& path) {
  CatalogEntry entry;
  entry.path = path;
  auto probes = [&]() -> Result<elf::ProbeFile> {
    if (fstat(guard.fd(), &entry.read_as) != 0) return fail_errno(errno, "stat " + path);
    auto bytes = elf::MappedFile::of(guard.fd(), path);
    if (!bytes) return tl::unexpected(std::move(bytes).error());
    return elf::read_probes(bytes->bytes());
  }();
  if (probes) {
    entry.probes = std::make_shared<const elf::ProbeFile>(std::move(*probes));
  } else {
    entry.problem = probes.error();
    // What went wrong in passing may go right the next time; the rest stays as the file does.
    const Errc code = probes.error().code;
    if (code != Errc::unsupported && code != Errc::invalid) entry.read_as = {};
  }
  return entries_.insert_or_assign(file, std::move(entry)).first->second;
}

void Catalog::retain(const std::set<proc::FileId>& files) {
  std::erase_if(entries_, [&](const auto& entry) { return !files.contains(entry.first); });
  std::erase_if(by_handle_, [&](const auto& entry) { return !files.contains(entry.second); });
}

}  // namespace sdt::daemon
