#include "daemon/keeper.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "kernel/bpf_call.h"

namespace sdt::daemon {
namespace {

namespace fs = std::filesystem;

/// A manager that takes longer than this to read its messages has other troubles.
constexpr std::chrono::seconds longest_wait{2};

constexpr std::string_view our_prefix = "sdt-";

/// SD_LISTEN_FDS_START of sd_listen_fds(3).
constexpr int first_passed = 3;

}  // namespace

Status StoreKeeper::put(const std::string& name, int fd) {
  const std::lock_guard lock(mutex_);
  return notifier_.store(name, {&fd, 1});
}

Status StoreKeeper::drop(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (auto status = notifier_.remove(name); !status) return status;
  return notifier_.barrier(longest_wait);
}

Status StoreKeeper::let_go(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return notifier_.remove(name);
}

Result<std::unique_ptr<PinKeeper>> PinKeeper::open(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  struct statfs system {};
  if (statfs(directory.c_str(), &system) != 0) {
    return fail_errno(errno, "--state.bpffs: look at " + directory);
  }
  if (system.f_type != BPF_FS_MAGIC) {
    return fail(Errc::invalid, fmt::format("--state.bpffs: {} is in no BPF file system: mount one "
                                           "there, or name a directory below /sys/fs/bpf",
                                           directory));
  }
  return std::unique_ptr<PinKeeper>(new PinKeeper(directory));
}

Status PinKeeper::put(const std::string& name, int fd) {
  const std::string path = directory_ + "/" + name;
  // Left by somebody whose state did not speak of it.
  unlink(path.c_str());
  return kernel::pin(fd, path);
}

Status PinKeeper::drop(const std::string& name) {
  const std::string path = directory_ + "/" + name;
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno(errno, "remove " + path);
}

void PinKeeper::clear() {
  for (const auto& [name, object] : pinned_objects(directory_)) static_cast<void>(drop(name));
}

std::map<std::string, UniqueFd> stored_descriptors() {
  std::map<std::string, UniqueFd> found;
  const char* const pid = std::getenv("LISTEN_PID");
  const char* const count = std::getenv("LISTEN_FDS");
  const char* const names = std::getenv("LISTEN_FDNAMES");
  if (pid == nullptr || count == nullptr || names == nullptr) return found;
  if (std::atol(pid) != getpid()) return found;
  std::string_view rest = names;
  for (int fd = first_passed; fd < first_passed + std::atoi(count); ++fd) {
    const std::size_t end = rest.find(':');
    const std::string name(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!name.starts_with(our_prefix)) continue;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    found.insert_or_assign(name, UniqueFd(fd));
  }
  return found;
}

std::map<std::string, UniqueFd> pinned_objects(const std::string& directory) {
  std::map<std::string, UniqueFd> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(our_prefix)) continue;
    auto object = kernel::open_pinned(entry->path());
    if (object) found.insert_or_assign(name, std::move(*object));
  }
  return found;
}

}  // namespace sdt::daemon
