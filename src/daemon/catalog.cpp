#include "daemon/catalog.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <new>
#include <utility>

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

}  // namespace

/// Equal for files that are one below overlayfs; empty elsewhere, where device and inode are
/// enough; nullopt when the file could not be opened this time.
std::optional<std::string> Catalog::identity(const MappedBy& where) const {
  const auto fd = procfs_.open_mapping(where.pid, where.mapping);
  if (!fd) return std::nullopt;
  struct statfs system {};
  if (fstatfs(fd->get(), &system) != 0 || system.f_type != OVERLAYFS_SUPER_MAGIC) return "";
  return handle_of(fd->get());
}

proc::FileId Catalog::canonical(const MappedBy& where) {
  const proc::FileId& file = where.mapping.file;
  if (const auto known = canonical_.find(file); known != canonical_.end()) return known->second;
  const std::optional<std::string> same = identity(where);
  if (!same) return file;
  const proc::FileId chosen =
      same->empty() ? file : by_identity_.try_emplace(*same, file).first->second;
  canonical_.emplace(file, chosen);
  return chosen;
}

const CatalogEntry& Catalog::get(const proc::FileId& file, const MappedBy& where) {
  const auto known = entries_.find(file);
  if (known != entries_.end() && known->second.is_final) return known->second;
  return entries_.insert_or_assign(file, read(where)).first->second;
}

void Catalog::drop_if_changed(const proc::FileId& file, int fd) {
  const auto known = entries_.find(file);
  struct stat now {};
  if (known == entries_.end() || fstat(fd, &now) != 0) return;
  if (!is_same_version(known->second.read_as, now)) entries_.erase(known);
}

void Catalog::retain(const std::set<proc::FileId>& files) {
  std::erase_if(entries_, [&](const auto& entry) { return !files.contains(entry.first); });
  std::erase_if(canonical_, [&](const auto& entry) { return !files.contains(entry.second); });
  std::erase_if(by_identity_, [&](const auto& entry) { return !files.contains(entry.second); });
}

CatalogEntry Catalog::read(const MappedBy& where) const {
  CatalogEntry entry;
  entry.path = where.mapping.path;
  const auto probes = [&]() -> Result<elf::ProbeFile> {
    auto fd = procfs_.open_mapping(where.pid, where.mapping);
    if (!fd) return tl::unexpected(std::move(fd).error());
    if (fstat(fd->get(), &entry.read_as) != 0)
      return fail_errno(errno, "stat " + where.mapping.path);
    auto file = elf::MappedFile::of(fd->get(), where.mapping.path);
    if (!file) return tl::unexpected(std::move(file).error());
    return elf::read_probes(file->bytes());
  }();
  if (probes) {
    entry.probes = std::make_shared<const elf::ProbeFile>(*probes);
    entry.is_final = true;
    return entry;
  }
  const Errc code = probes.error().code;
  entry.is_final = code == Errc::unsupported || code == Errc::invalid;
  if (code != Errc::unsupported && code != Errc::gone) entry.problem = probes.error().message;
  return entry;
}

}  // namespace sdt::daemon
