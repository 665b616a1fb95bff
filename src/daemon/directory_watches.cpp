#include "daemon/directory_watches.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace sdt::daemon {
namespace {

/// Not IN_CREATE: there is nothing in a file yet that has just been made.
constexpr std::uint32_t events =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;

}  // namespace

DirectoryWatches::DirectoryWatches() : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

void DirectoryWatches::watch(const std::set<std::string>& directories) {
  std::map<int, std::set<std::string>> watched;
  for (const std::string& directory : directories) {
    if (watched.size() == most_directories) break;
    const int watch = inotify_add_watch(fd_.get(), directory.c_str(), events);
    if (watch >= 0) watched[watch].insert(directory);
  }
  for (const auto& [watch, paths] : std::exchange(watched_, std::move(watched))) {
    if (!watched_.contains(watch)) inotify_rm_watch(fd_.get(), watch);
  }
}

DirectoryWatches::Changes DirectoryWatches::take() {
  Changes changes;
  alignas(inotify_event) std::array<char, 16384> buffer;
  ssize_t length = 0;
  while ((length = read(fd_.get(), buffer.data(), buffer.size())) > 0) {
    const auto end = static_cast<std::size_t>(length);
    inotify_event event{};
    for (std::size_t at = 0; at + sizeof event <= end; at += sizeof event + event.len) {
      std::memcpy(&event, buffer.data() + at, sizeof event);
      if ((event.mask & IN_Q_OVERFLOW) != 0) changes.has_missed_some = true;
      const auto watched = watched_.find(event.wd);
      if (watched == watched_.end()) continue;
      if ((event.mask & IN_IGNORED) != 0) {  // the directory is no more
        watched_.erase(watched);
      } else if (event.len > 0) {
        const char* name = buffer.data() + at + sizeof event;
        for (const std::string& directory : watched->second) {
          changes.paths.push_back(directory + (directory.ends_with('/') ? "" : "/") + name);
        }
      }
    }
  }
  return changes;
}

}  // namespace sdt::daemon
