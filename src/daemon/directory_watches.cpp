#include "daemon/directory_watches.h"

#include <cstdint>
#include <utility>

#include "daemon/inotify.h"

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
  read_inotify_events(fd_.get(), [&](const inotify_event& event, const char* name) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) changes.has_missed_some = true;
    const auto watched = watched_.find(event.wd);
    if (watched == watched_.end()) return;
    if ((event.mask & IN_IGNORED) != 0) {  // the directory is no more
      watched_.erase(watched);
    } else if (*name != '\0') {
      for (const std::string& directory : watched->second) {
        changes.paths.push_back(directory + (directory.ends_with('/') ? "" : "/") + name);
      }
    }
  });
  return changes;
}

}  // namespace sdt::daemon
