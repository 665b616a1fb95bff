// What to attach and what to detach, now.
//
// Purpose:   wanted × attached × now → actions, and when to try again what failed.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "proc/process.h"

namespace sdt::plan {

using Time = std::chrono::steady_clock::time_point;

/// A metric on a file: the unit of attaching.
struct Binding {
  std::uint32_t target = 0;
  std::uint32_t metric = 0;
  proc::FileId file;
  friend auto operator<=>(const Binding&, const Binding&) = default;
};

/// What became of the latest try.
struct Attempt {
  bool attached = false;
  unsigned failures = 0;  ///< in a row
  Time retry_at;          ///< when failed
};

struct Actions {
  std::vector<Binding> attach;
  std::vector<Binding> detach;  ///< attached, and wanted no more
  std::vector<Binding> drop;    ///< failed, and wanted no more: forget the attempt
};

[[nodiscard]] Actions reconcile(const std::set<Binding>& wanted,
                                const std::map<Binding, Attempt>& current, Time now);

/// Doubling from 2 s to 60 s.
[[nodiscard]] std::chrono::seconds backoff(unsigned failures);

}  // namespace sdt::plan
