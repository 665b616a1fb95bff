// What one run of the daemon leaves to the next.
//
// Purpose:   the daemon's own knowledge beside the kernel objects: which of them is what, whose
//            events are whose, and what was added up so far. Written again and again while the
//            daemon runs, so that it holds at any moment, also that of a kill -9.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/placement.h"
#include "base/samples.h"
#include "base/unique_fd.h"
#include "daemon/totals.h"
#include "plan/breaker.h"
#include "plan/hit_meter.h"
#include "proc/process.h"

namespace sdt::daemon {

struct SavedImage {
  ImageKey key;
  bool is_member = false;
  proc::ProcessId id;
  std::string exe;
  std::string comm;
  std::uint32_t uid = 0;
  std::string user;
  Placement placement;
};

struct SavedLink {
  proc::FileId file;
  std::string path;
  std::string kept_as;  ///< under this name, with the handles' own behind it
  std::string notes;
  std::uint8_t roles = 0;
  std::vector<std::pair<ProbeName, std::uint64_t>> sites;
};

struct SavedMetric {
  std::uint32_t number = 0;
  std::string fingerprint;
  std::string notes;  ///< of its program; empty: it has none
  std::string series;
  std::vector<std::string> forgotten;  ///< raw keys that are to be deleted from the map
  std::vector<SavedLink> links;
  std::uint64_t attaches = 0;
  std::uint64_t detaches = 0;
  std::uint64_t starts_expired = 0;
  Totals before;  ///< of programs that are no more
  Totals totals;  ///< of all its programs, should the present one not go on
  plan::Fuse fuse;
  plan::HitMeter meter;
  std::uint64_t trips = 0;
  std::string problem;  ///< that keeps it from being attached
  std::vector<std::pair<std::uint32_t, std::uint64_t>> attach_errors;
};

struct SavedTarget {
  std::uint32_t number = 0;
  std::string name;
  std::vector<SavedImage> images;
  std::vector<SavedMetric> metrics;
};

/// A file under a lease, or watched.
struct SavedGuard {
  proc::FileId file;
  std::string path;
  std::string kept_as;
  bool is_lease = false;
  std::int64_t size = 0;
  std::int64_t seconds = 0;  ///< of its modification time
  std::int64_t nanoseconds = 0;
};

struct SavedState {
  /// Of this layout: another is not read.
  static constexpr std::uint32_t current_version = 4;
  std::uint32_t version = current_version;
  std::uint32_t next_number = 0;
  std::uint64_t next_kept = 0;
  std::string shared_notes;
  std::vector<SavedTarget> targets;
  std::vector<SavedGuard> guards;
  std::uint64_t records_lost = 0;
};

[[nodiscard]] std::string to_bytes(const SavedState& state);
/// Nothing when the bytes are of another version.
[[nodiscard]] std::optional<SavedState> to_state(const std::string& bytes);

/// What was found at the start. Descriptors are taken out one by one; what is left at the end
/// nobody wanted.
struct Inheritance {
  std::map<std::string, UniqueFd> descriptors;
  SavedState state;

  /// The descriptor of that name; an invalid one when it is not there.
  [[nodiscard]] UniqueFd take(const std::string& name);
  /// All whose names begin so, by the rest of their names.
  [[nodiscard]] std::map<std::string, UniqueFd> take_all(const std::string& prefix);
};

}  // namespace sdt::daemon
