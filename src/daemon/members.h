// The processes of one target, past and present.
//
// Purpose:   remember who belongs, tell what changed between two looks at /proc, and keep the facts
//            that the labels of ended processes still need.
// Ownership: plain values.
// Thread:    the loop; pure, `now` is a parameter.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "metrics/store.h"
#include "proc/process.h"
#include "spec/config.h"

namespace sdt::daemon {

using Time = std::chrono::steady_clock::time_point;

/// One look at /proc.
struct Census {
  std::vector<proc::Process> processes;
  /// There, but not to be read this time (no permission, no descriptor left): what was known of
  /// them still holds.
  std::set<std::uint32_t> unreadable;
};

class Members {
 public:
  explicit Members(const spec::Target& target) : target_(target) {}

  struct Change {
    std::vector<std::uint32_t> joined;
    std::vector<std::uint32_t> left;  ///< ended, or now run another program; foreign ones included
  };

  /// What is different from what is known; changes nothing, so that events of those who left can
  /// still be told apart.
  [[nodiscard]] Change diff(const Census& census) const;
  void commit(const Census& census, const Change& change, Time now);

  /// Decides about one process that fired before a look at /proc found it. True: it belongs.
  [[nodiscard]] bool admit(const proc::Process& process);

  /// What is known of a process; nullopt: nothing yet.
  [[nodiscard]] std::optional<metrics::ProcessView> view(std::uint32_t pid) const;

  /// Pids of the members that are running.
  [[nodiscard]] std::vector<std::uint32_t> running() const;

  /// Forgets members that ended before this.
  void forget_ended_before(Time time);

 private:
  struct Known {
    proc::ProcessId id;
    std::string exe;
    std::optional<Time> ended;  ///< members only
  };
  const spec::Target& target_;
  std::map<std::uint32_t, Known> members_;
  std::map<std::uint32_t, Known> foreign_;
};

}  // namespace sdt::daemon
