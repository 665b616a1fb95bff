// A process as the rest of the program knows it.
//
// Purpose:   identity and the facts that selectors and labels ask for.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/placement.h"

namespace sdt::proc {

/// A pid names a process only together with its start: pids are reused. `start_ticks` is field 22
/// of /proc/PID/stat.
struct ProcessId {
  std::uint32_t pid = 0;
  std::uint64_t start_ticks = 0;
  friend auto operator<=>(const ProcessId&, const ProcessId&) = default;
};

struct Process {
  ProcessId id;
  std::uint32_t parent = 0;
  std::string comm;
  /// As the process itself sees it, without " (deleted)"; empty for kernel threads.
  std::string exe;
  std::string cmdline;  ///< the arguments joined by blanks
  std::uint32_t uid = 0;
  std::string user;  ///< empty when the uid has no name here
  Placement placement;
};

/// What a file is, whatever path leads to it: device and inode as /proc/PID/maps shows them.
struct FileId {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint64_t inode = 0;
  friend auto operator<=>(const FileId&, const FileId&) = default;
};

/// An executable mapping of a file.
struct Mapping {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;
  FileId file;
  std::string path;  ///< as the process sees it, without " (deleted)"
  bool deleted = false;
};

}  // namespace sdt::proc
