// Files as the host's own mount namespace shows them.
//
// Purpose:   find the files that a spec names before any process maps them, and tell whether a
//            traced file is still there for the next process to run.
// Ownership: returns owned descriptors.
// Thread:    the loop; blocking on the host's file systems.
#pragma once

#include <string>
#include <vector>

#include "base/glob.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace sdt::daemon {

class HostFiles {
 public:
  /// Patterns that lead to more files than this are cut: they are no names.
  static constexpr std::size_t most_files = 1000;

  /// Looks through PID 1's root where that can be reached, so that a container with the host's pid
  /// namespace sees the host's files; else through its own.
  HostFiles();
  explicit HostFiles(std::string root) : root_(std::move(root)) {}

  /// What stands in front of a path of the host's; empty where the two are the same.
  [[nodiscard]] const std::string& root() const { return root_; }

  /// The files that an absolute pattern leads to, as paths of the host; none for other patterns.
  [[nodiscard]] std::vector<std::string> expand(const Glob& pattern) const;

  /// Opens a regular file for reading.
  [[nodiscard]] Result<UniqueFd> open(const std::string& path) const;

  /// Whether the path leads to the open file.
  [[nodiscard]] bool leads_to(const std::string& path, int fd) const;

  /// Whether the open file is on the file system of `/` or `/usr`, which nobody unmounts.
  [[nodiscard]] bool is_on_system_disk(int fd) const;

 private:
  std::string root_;
};

}  // namespace sdt::daemon
