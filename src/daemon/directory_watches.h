// Directories in which files that a spec names may appear.
//
// Purpose:   an upgrade puts the new file in its place some time before the first process runs it.
//            Who is told of that can be attached by then.
// Ownership: owns the inotify instance. Watches neither keep a file system busy nor a file alive.
// Thread:    the loop; never blocks.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace sdt::daemon {

class DirectoryWatches {
 public:
  /// What is more than this is found by the looks at the host that are taken now and then.
  static constexpr std::size_t most_directories = 1024;

  DirectoryWatches();

  /// Readable when take() has something to say; -1: the system has no inotify to give.
  [[nodiscard]] int fd() const { return fd_.get(); }

  /// From now on these are watched and no others; what is not there, or not to be seen, is left
  /// out. To be called again now and then: a path may lead to another directory by now.
  void watch(const std::set<std::string>& directories);

  struct Changes {
    std::vector<std::string> paths;  ///< of files that came, whole, or that went
    bool has_missed_some = false;    ///< there were more than the kernel keeps
  };
  /// What has happened since the previous call.
  [[nodiscard]] Changes take();

 private:
  UniqueFd fd_;
  /// By watch; paths may lead to the same directory.
  std::map<int, std::set<std::string>> watched_;
};

}  // namespace sdt::daemon
