// The daemon's own metrics, sdt_exporter_*.
//
// Purpose:   tell the operator whether the numbers of the other metrics can be trusted: what is
//            attached, what was lost and why, what it costs. Filled in by the supervisor and shown
//            through the same exposition as every other metric.
// Ownership: plain values.
// Thread:    one at a time.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/samples.h"
#include "metrics/duration_histogram.h"
#include "metrics/snapshot.h"

namespace sdt::metrics {

/// In the order in which they are shown.
inline constexpr std::array all_error_codes{Errc::invalid,     Errc::not_found, Errc::permission,
                                            Errc::unsupported, Errc::exhausted, Errc::busy,
                                            Errc::gone,        Errc::io};

struct SelfMetrics {
  struct Probe {
    std::string name;         ///< provider:name
    std::uint64_t sites = 0;  ///< attached now
    std::uint64_t hits = 0;
  };

  struct Metric {
    std::string name;
    bool attached = false;
    std::string state;  ///< in words: "attached", or what keeps it from counting
    std::vector<Probe> probes;
    std::uint64_t attaches = 0;
    std::uint64_t detaches = 0;
    std::map<Errc, std::uint64_t> attach_errors;
    std::uint64_t lost[loss_reason_count] = {};  ///< indexed by LossReason
    std::uint64_t series = 0;
    std::uint64_t series_limit = 0;
    std::uint64_t folded = 0;
    std::uint64_t filtered = 0;
    std::uint64_t foreign_hits = 0;
    std::uint64_t strings_cut = 0;
    std::optional<std::uint64_t> run_nanoseconds;  ///< only while the kernel measures it
    bool tripped = false;                          ///< detached for what it costs
    std::uint64_t trips = 0;
    std::uint64_t overhead_nanoseconds = 0;  ///< CPU time of its hits, an estimate
  };

  struct Target {
    std::string name;
    std::uint64_t processes = 0;
    bool waiting = true;  ///< none of its metrics is attached
    std::vector<Metric> metrics;
  };

  using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

  SelfMetrics();

  std::string version;
  std::vector<Target> targets;
  /// Of one hit with an empty program, as measured at start; unset: not known.
  std::optional<std::chrono::duration<double, std::nano>> hit_cost;
  bool watches_by_records = false;   ///< else by looking at /proc again and again
  std::uint64_t records_lost = 0;    ///< how often the kernel had no room for its records
  DurationHistogram attach_delay;    ///< from a mapping seen to its probes live
  DurationHistogram drain_duration;  ///< of all metrics' maps, once
  std::optional<WallTime> last_drain;
  bool last_reload_ok = true;
  std::optional<WallTime> last_reload_success;
};

/// In the order in which they are declared here; a metric that has no value yet is left out.
[[nodiscard]] std::vector<MetricSnapshot> collect(const SelfMetrics& self);

}  // namespace sdt::metrics
