#include "proc/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "proc/cgroup.h"
#include "proc/parse.h"

namespace sdt::proc {
namespace {

// As long as one argument may be; a selector needs no more of a command line.
constexpr std::size_t longest_cmdline = 131'072;
constexpr std::size_t no_limit = static_cast<std::size_t>(-1);

/// A failure on one of a process's files. That the process has ended shows as ENOENT when its
/// folder is gone and as ESRCH when an open file of it is read.
tl::unexpected<Error> process_failure(int error_number, std::uint32_t pid, std::string_view what,
                                      std::string_view capability) {
  if (error_number == ENOENT || error_number == ESRCH) {
    return fail(Errc::gone, fmt::format("process {} has ended", pid));
  }
  auto failure = fail_errno(error_number, fmt::format("read the {} of process {}", what, pid));
  if (failure.value().code == Errc::permission && !capability.empty()) {
    failure.value().message += fmt::format(" (for other users' processes it takes {})", capability);
  }
  return failure;
}

struct FileText {
  std::string text;
  int error = 0;  ///< errno; 0: the text is what the file holds
};

FileText read_text(const std::string& path, std::size_t limit = no_limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {{}, errno};
  FileText result;
  std::array<char, 16384> buffer;
  while (result.text.size() < limit) {
    const std::size_t wanted = std::min(buffer.size(), limit - result.text.size());
    const ssize_t count = ::read(fd.get(), buffer.data(), wanted);
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {{}, errno};
    result.text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return result;
}

Result<std::vector<std::uint32_t>> list_numbers(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (directory == nullptr) return fail_errno(errno, fmt::format("list {}", path));
  std::vector<std::uint32_t> numbers;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    std::uint32_t number = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, problem] = std::from_chars(name.data(), end, number);
    if (problem == std::errc() && stop == end) numbers.push_back(number);
    errno = 0;
  }
  if (errno != 0) return fail_errno(errno, fmt::format("list {}", path));
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<Stat> read_stat(const std::string& root, std::uint32_t pid) {
  const auto [text, error] = read_text(fmt::format("{}/{}/stat", root, pid));
  if (error != 0) return process_failure(error, pid, "stat", "");
  const auto stat = parse_stat(text);
  if (!stat) {
    return fail(Errc::invalid, fmt::format("{}/{}/stat is not in the known format", root, pid));
  }
  // A main thread that has left stays a zombie for as long as other threads live.
  if ((stat->state == 'Z' && stat->threads <= 1) || stat->state == 'X' || stat->state == 'x') {
    return fail(Errc::gone, fmt::format("process {} has ended", pid));
  }
  return *stat;
}

/// The thread whose files stand for the process: the main one, or, when that has left, any other.
/// /proc shows nothing of a thread that has ended, but answers to every thread's number.
std::uint32_t speaker_of(const std::string& root, std::uint32_t pid, const Stat& stat) {
  if (stat.state != 'Z') return pid;
  for (const std::uint32_t tid :
       list_numbers(fmt::format("{}/{}/task", root, pid)).value_or(std::vector<std::uint32_t>())) {
    const auto text = read_text(fmt::format("{}/{}/stat", root, tid));
    const auto thread = parse_stat(text.text);
    if (thread && thread->state != 'Z' && thread->state != 'X') return tid;
  }
  return pid;
}

std::uint32_t speaker_of(const std::string& root, std::uint32_t pid) {
  const auto stat = read_stat(root, pid);
  return stat ? speaker_of(root, pid, *stat) : pid;
}

Result<std::string> read_exe(const std::string& root, std::uint32_t pid) {
  std::array<char, PATH_MAX> buffer;
  const std::string link = fmt::format("{}/{}/exe", root, pid);
  const ssize_t length = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (length < 0) return process_failure(errno, pid, "exe", "CAP_SYS_PTRACE");
  constexpr std::string_view deleted = " (deleted)";
  std::string_view path(buffer.data(), static_cast<std::size_t>(length));
  if (path.ends_with(deleted)) path.remove_suffix(deleted.size());
  return std::string(path);
}

/// Whether an open file is the one that a mapping shows. On file systems made of others, stat names
/// another device than maps, so that there the inode has to do.
bool is_same_file(int fd, const FileId& file, bool compare_device) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || status.st_ino != file.inode) return false;
  if (!compare_device) return true;
  if (major(status.st_dev) == file.major && minor(status.st_dev) == file.minor) return true;
  struct statfs system {};
  return ::fstatfs(fd, &system) == 0 &&
         (system.f_type == OVERLAYFS_SUPER_MAGIC || system.f_type == BTRFS_SUPER_MAGIC);
}

/// What stat does not tell. An exec in the middle gives a mixture of two programs.
Result<Process> read_facts(const std::string& root, std::uint32_t pid, const Stat& stat) {
  if (stat.kernel_thread) {
    return fail(Errc::unsupported, fmt::format("process {} is a kernel thread", pid));
  }
  const std::uint32_t speaker = speaker_of(root, pid, stat);
  auto exe = read_exe(root, speaker);
  if (!exe) return tl::unexpected(std::move(exe).error());
  const auto cmdline = read_text(fmt::format("{}/{}/cmdline", root, speaker), longest_cmdline);
  if (cmdline.error != 0) return process_failure(cmdline.error, pid, "cmdline", "");
  const auto status = read_text(fmt::format("{}/{}/status", root, speaker));
  if (status.error != 0) return process_failure(status.error, pid, "status", "");
  const auto uid = parse_status_uid(status.text);
  if (!uid) return fail(Errc::invalid, fmt::format("{}/{}/status names no Uid", root, pid));
  // Absent where the kernel has no control groups.
  const auto cgroup = read_text(fmt::format("{}/{}/cgroup", root, speaker));

  Process process;
  process.id = {pid, stat.start_ticks};
  process.parent = stat.parent;
  process.comm = stat.comm;
  process.exe = std::move(*exe);
  process.cmdline = parse_cmdline(cmdline.text);
  process.uid = *uid;
  process.user = Procfs::user_name(*uid);
  process.placement.cgroup = parse_cgroup(cgroup.text);
  return process;
}

/// Every executable mapping of a process, in the order of their addresses.
Result<std::vector<Mapping>> read_mappings(const std::string& root, std::uint32_t pid) {
  FileText maps = read_text(fmt::format("{}/{}/maps", root, pid));
  if (maps.error == 0 && maps.text.empty()) {
    const auto stat = read_stat(root, pid);
    if (!stat) return tl::unexpected(stat.error());
    maps = read_text(fmt::format("{}/{}/maps", root, speaker_of(root, pid, *stat)));
  }
  if (maps.error != 0) return process_failure(maps.error, pid, "maps", "CAP_SYS_PTRACE");
  return parse_maps(maps.text);
}

struct OpenedFile {
  UniqueFd fd;
  int error = 0;  ///< errno when `fd` is none
};

OpenedFile open_for_reading(const std::string& path) {
  // O_NONBLOCK: neither a FIFO nor somebody's lease on the file keeps us waiting.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  const int error = fd.valid() ? 0 : errno;
  return {std::move(fd), error};
}

/// Opens what a process maps at these addresses, if it is the file that was seen there.
OpenedFile open_map_file(const std::string& root, std::uint32_t thread, const Mapping& mapping) {
  auto opened = open_for_reading(
      fmt::format("{}/{}/map_files/{:x}-{:x}", root, thread, mapping.start, mapping.end));
  if (opened.error == 0 && !is_same_file(opened.fd.get(), mapping.file, false)) {
    return {UniqueFd(), ENOENT};
  }
  return opened;
}

/// The same for a file whose mapping has changed its bounds since it was seen: a loader maps a
/// library in one piece, and then puts the other segments over parts of it.
OpenedFile open_moved_map_file(const std::string& root, std::uint32_t pid, std::uint32_t thread,
                               const Mapping& mapping) {
  const auto mappings = read_mappings(root, pid);
  if (!mappings) return {UniqueFd(), ENOENT};
  for (const Mapping& now : *mappings) {
    // The device differs on overlayfs, the path in a chroot.
    const bool is_same_place = now.file == mapping.file || now.path == mapping.path;
    if (now.file.inode != mapping.file.inode || !is_same_place) continue;
    auto opened = open_map_file(root, thread, now);
    if (opened.error == 0) return opened;
  }
  return {UniqueFd(), ENOENT};
}

}  // namespace

std::string Procfs::user_name(std::uint32_t uid) {
  std::array<char, 16384> buffer;
  struct passwd entry {};
  struct passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return {};
  }
  return found->pw_name;
}

Placement Procfs::placement_of(std::string cgroup) const {
  Placement placement = proc::placement_of(std::move(cgroup));
  pods_.name(placement);
  return placement;
}

Result<std::vector<std::uint32_t>> Procfs::pids() const {
  return list_numbers(root_);
}

Result<ProcessId> Procfs::identify(std::uint32_t pid) const {
  const auto stat = read_stat(root_, pid);
  if (!stat) return tl::unexpected(stat.error());
  return ProcessId{pid, stat->start_ticks};
}

Result<Process> Procfs::read(std::uint32_t pid) const {
  constexpr int attempts = 3;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    const auto before = read_stat(root_, pid);
    if (!before) return tl::unexpected(before.error());
    auto process = read_facts(root_, pid, *before);
    if (!process) return process;
    const auto after = read_stat(root_, pid);
    if (!after) return tl::unexpected(after.error());
    if (after->start_ticks != before->start_ticks) {
      return fail(Errc::gone, fmt::format("process {} has ended and another took its pid", pid));
    }
    const auto exe = read_exe(root_, speaker_of(root_, pid, *after));
    if (!exe) return tl::unexpected(exe.error());
    if (after->comm != process->comm || *exe != process->exe) continue;
    process->placement = placement_of(std::move(process->placement.cgroup));
    return process;
  }
  return fail(Errc::gone,
              fmt::format("process {} became another program each time it was read", pid));
}

Result<std::vector<Mapping>> Procfs::mapped_files(std::uint32_t pid) const {
  auto mappings = read_mappings(root_, pid);
  if (!mappings) return mappings;
  std::set<FileId> seen;
  std::erase_if(*mappings,
                [&](const Mapping& mapping) { return !seen.insert(mapping.file).second; });
  return mappings;
}

Result<UniqueFd> Procfs::open_mapping(std::uint32_t pid, const Mapping& mapping) const {
  std::uint32_t thread = pid;
  OpenedFile opened = open_map_file(root_, thread, mapping);
  if (opened.error == ENOENT) {
    thread = speaker_of(root_, pid);
    if (thread != pid) opened = open_map_file(root_, thread, mapping);
  }
  if (opened.error == ENOENT) opened = open_moved_map_file(root_, pid, thread, mapping);
  if (opened.error == 0) return std::move(opened.fd);
  const int map_files_error = opened.error;

  if (!mapping.deleted) {
    opened = open_for_reading(fmt::format("{}/{}/root{}", root_, thread, mapping.path));
    if (opened.error == 0 && is_same_file(opened.fd.get(), mapping.file, true)) {
      return std::move(opened.fd);
    }
  }
  const std::string doing = fmt::format("open {} as process {} maps it", mapping.path, pid);
  if (map_files_error == EPERM || map_files_error == EACCES) {
    auto failure = fail_errno(map_files_error, doing);
    failure.value().message +=
        " (/proc/PID/map_files takes CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, and "
        "CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN; its path leads to no such file or is refused "
        "too)";
    return failure;
  }
  if (map_files_error != ENOENT && map_files_error != ESRCH) {
    return fail_errno(map_files_error, doing);
  }
  return fail(Errc::gone, fmt::format("{}: it is no longer mapped there", doing));
}

}  // namespace sdt::proc
