#include "daemon/keeper.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/passed_descriptors.h"
#include "kernel/bpf_call.h"

namespace sdt::daemon {
namespace {

namespace fs = std::filesystem;

/// A manager that takes longer than this to read its messages has other troubles.
constexpr std::chrono::seconds longest_wait{2};

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
  const auto pinned = left_behind();
  if (!pinned) return;
  for (const auto& [name, object] : *pinned) static_cast<void>(drop(name));
}

Result<std::map<std::string, UniqueFd>> StoreKeeper::left_behind() const {
  const auto passed = passed_descriptors(passed_variables(), getpid());
  if (!passed) return tl::unexpected(passed.error());
  std::map<std::string, UniqueFd> found;
  for (const PassedDescriptor& one : *passed) {
    if (!one.name.starts_with(kept_name_prefix)) continue;
    auto descriptor = take_passed(one);
    if (!descriptor) return tl::unexpected(std::move(descriptor).error());
    found.insert_or_assign(one.name, std::move(*descriptor));
  }
  return found;
}

Result<std::map<std::string, UniqueFd>> PinKeeper::left_behind() const {
  std::map<std::string, UniqueFd> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory_, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(kept_name_prefix)) continue;
    auto object = kernel::open_pinned(entry->path());
    // What cannot be opened is of no use, and not ours to remove.
    if (object) found.insert_or_assign(name, std::move(*object));
  }
  if (error) return fail_errno(error.value(), "list " + directory_);
  return found;
}

Result<std::unique_ptr<Keeper>> find_keeper(const std::string& directory) {
  if (!directory.empty()) {
    auto pins = PinKeeper::open(directory);
    if (!pins) return tl::unexpected(std::move(pins).error());
    return std::move(*pins);
  }
  auto notifier = Notifier::open(std::getenv("NOTIFY_SOCKET"));
  if (!notifier) return tl::unexpected(std::move(notifier).error());
  if (!notifier->is_heard()) return nullptr;
  return std::make_unique<StoreKeeper>(std::move(*notifier));
}

}  // namespace sdt::daemon
