// Readers of /proc.
//
// Purpose:   the system calls behind the parsers: list processes, read one, open the files it maps.
// Ownership: returns values and owned descriptors.
// Thread:    one at a time; blocking, but only on procfs (and the kubelet's directories).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proc/pods.h"
#include "proc/process.h"

namespace sdt::proc {

class Procfs {
 public:
  /// `root` is "/proc" but for tests; `logs` is where the kubelet keeps the logs of pods, if there
  /// is one.
  explicit Procfs(std::string root = "/proc", std::string logs = "/var/log")
      : root_(std::move(root)), pods_(std::move(logs)) {}

  /// Every pid there is, ascending.
  [[nodiscard]] Result<std::vector<std::uint32_t>> pids() const;

  /// Identity alone: one read, cheap. Errc::gone when the process is no more. Zombies count as
  /// gone: they map nothing that could be looked at.
  [[nodiscard]] Result<ProcessId> identify(std::uint32_t pid) const;

  /// Everything a selector may ask, all of one program even if it execs meanwhile. The command line
  /// is cut at 128 KiB. Errc::gone for vanished processes, Errc::unsupported for kernel
  /// threads, Errc::permission with the missing capability named (reading another user's exe takes
  /// CAP_SYS_PTRACE).
  [[nodiscard]] Result<Process> read(std::uint32_t pid) const;

  /// The executable file mappings of a process, one for each file (the first of each). Errc::gone
  /// for vanished processes.
  [[nodiscard]] Result<std::vector<Mapping>> mapped_files(std::uint32_t pid) const;

  /// Opens a mapped file for reading and attaching: through /proc/PID/map_files, which reaches
  /// deleted files, memfds and other mount namespaces, also when the mapping's bounds have changed
  /// since; where that is refused, through /proc/PID/root + path, checked to be the same inode.
  [[nodiscard]] Result<UniqueFd> open_mapping(std::uint32_t pid, const Mapping& mapping) const;

  [[nodiscard]] static std::string user_name(std::uint32_t uid);
  /// The same for a process that only the kernel remembers: the path of its control group.
  [[nodiscard]] Placement placement_of(std::string cgroup) const;

 private:
  std::string root_;
  mutable Pods pods_;  ///< remembers what it has found
};

}  // namespace sdt::proc
