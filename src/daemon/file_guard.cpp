#include "daemon/file_guard.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "daemon/inotify.h"

namespace sdt::daemon {
namespace {

bool has_a_name(int fd) {
  struct stat facts {};
  return fstat(fd, &facts) == 0 && facts.st_nlink > 0;
}

bool is_memfd(int fd) {
  return !has_a_name(fd) && fcntl(fd, F_GET_SEALS) >= 0;
}

}  // namespace

Watches::Watches() : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

Result<int> Watches::add(int file) {
  const std::string path = fmt::format("/proc/self/fd/{}", file);
  const int watch = inotify_add_watch(fd_.get(), path.c_str(), IN_MODIFY);
  if (watch < 0) return fail_errno(errno, "watching it (inotify)");
  ++users_[watch];
  return watch;
}

void Watches::remove(int watch) {
  const auto users = users_.find(watch);
  if (users == users_.end() || --users->second > 0) return;
  users_.erase(users);
  modified_.erase(watch);
  inotify_rm_watch(fd_.get(), watch);
}

void Watches::read_events() {
  read_inotify_events(fd_.get(), [&](const inotify_event& event, const char*) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      for (const auto& [watch, users] : users_) modified_.insert(watch);
    } else if (users_.contains(event.wd)) {
      modified_.insert(event.wd);
    }
  });
}

Result<FileGuard> FileGuard::take(UniqueFd file, const std::string& path, Watches& watches) {
  FileGuard guard(std::move(file), watches);
  const int fd = guard.fd();
  if (is_memfd(fd)) {
    guard.watch_instead("a lease on a memfd does not keep its maker from writing");
    return guard;
  }
  // SIGIO to this process, whichever thread has it unblocked.
  if (fcntl(fd, F_SETOWN, getpid()) == 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
    guard.kind_ = Kind::lease;
    return guard;
  }
  const int error = errno;
  if (error == EAGAIN && has_a_name(fd)) {
    return fail(Errc::busy, fmt::format("{} is being written; it will be tried again", path));
  }
  std::string reason = fmt::format("no lease on it ({})", std::strerror(error));
  if (error == EACCES || error == EPERM) reason += ", which takes CAP_LEASE";
  guard.watch_instead(std::move(reason));
  return guard;
}

void FileGuard::watch_instead(std::string reason) {
  reason_ = std::move(reason);
  version_ = version_of(fd());
  auto watch = watches_->add(fd());
  if (watch) {
    kind_ = Kind::watch;
    watch_ = *watch;
  } else {
    reason_ += ", and " + watch.error().message;
  }
}

FileGuard::Version FileGuard::version_of(int fd) {
  struct stat facts {};
  if (fstat(fd, &facts) != 0) return {};
  return {facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec};
}

FileGuard::FileGuard(FileGuard&& from) noexcept
    : file_(std::move(from.file_)),
      version_(from.version_),
      watches_(from.watches_),
      kind_(std::exchange(from.kind_, Kind::none)),
      watch_(std::exchange(from.watch_, -1)),
      reason_(std::move(from.reason_)) {}

FileGuard::~FileGuard() {
  if (kind_ == Kind::watch) watches_->remove(watch_);
  // Closing would release it as well, were this the only descriptor of the open file.
  if (kind_ == Kind::lease) static_cast<void>(fcntl(file_.get(), F_SETLEASE, F_UNLCK));
}

/// While a writer waits, the kernel names the type that the lease has to be lowered to.
bool FileGuard::is_leased(int fd) {
  return fcntl(fd, F_GETLEASE) == F_RDLCK;
}

bool FileGuard::is_broken() const {
  if (kind_ == Kind::lease) return !is_leased(file_.get());
  const bool was_reported = kind_ == Kind::watch && watches_->is_modified(watch_);
  return was_reported || version_of(fd()) != version_;
}

}  // namespace sdt::daemon
