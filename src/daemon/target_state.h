// One target at run time.
//
// Purpose:   its processes, the files they map, and its metrics.
// Ownership: owns all of them, and shares the spec with other states.
// Thread:    the loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/metric_state.h"
#include "daemon/roster.h"
#include "plan/breaker.h"
#include "proc/process.h"
#include "spec/config.h"

namespace sdt::daemon {

/// A file with probes that the target's metrics want.
struct FileUse {
  std::string path;                           ///< as it was first seen
  std::map<std::uint32_t, proc::Mapping> by;  ///< members that map it
  /// The host's own path leads to it, so that the next process will run this very file: it stays
  /// attached while nobody maps it.
  bool is_on_host = false;
  /// An earlier daemon was attached to it: it may be mapped, as far as is known.
  bool is_inherited = false;
  bool was_mapped = false;
  /// When the kernel reported its first mapping; unset once attached, or when found otherwise.
  std::optional<Time> mapped_at;

  [[nodiscard]] bool is_wanted() const { return is_on_host || is_inherited || !by.empty(); }
};

struct TargetState {
  TargetState(std::shared_ptr<const spec::Target> of, std::uint32_t its_number)
      : owner(std::move(of)), target(*owner), number(its_number) {}

  /// None of its metrics counts: the processes, or their probes, are not there yet.
  [[nodiscard]] bool is_waiting() const;

  std::shared_ptr<const spec::Target> owner;
  const spec::Target& target;
  std::uint32_t number;  ///< as long as the daemon runs, no other target has it
  Roster roster;
  std::vector<MetricState> metrics;
  std::map<proc::FileId, FileUse> files;
  std::set<std::string> directories;  ///< of the host, where files that it names may appear
  plan::Breaker breaker;
};

}  // namespace sdt::daemon
