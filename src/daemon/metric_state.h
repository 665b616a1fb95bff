// One metric at run time.
//
// Purpose:   program, links and series of a metric, and what happened to them.
// Ownership: owns all of them, and shares the spec with other states. The program is loaded when
//            the first file with its probes appears and goes some time after the last one, or when
//            the metric trips; what it counted stays.
// Thread:    the loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/samples.h"
#include "daemon/totals.h"
#include "expose/targets_view.h"
#include "metrics/pace.h"
#include "metrics/store.h"
#include "plan/backend.h"
#include "plan/breaker.h"
#include "plan/hit_meter.h"
#include "plan/reconcile.h"
#include "plan/select.h"
#include "proc/process.h"
#include "spec/config.h"

namespace sdt::daemon {

struct AttachedFile {
  std::unique_ptr<plan::Link> link;
  std::string kept_as;  ///< what the link's handles are kept under, for the next daemon; or empty
  std::string path;
  std::uint8_t roles = 0;
  std::map<ProbeName, std::uint64_t> sites;          ///< how many of each probe
  std::vector<std::string> refused = {};             ///< sites that were left out, and why
  std::chrono::steady_clock::time_point since = {};  ///< attached; unset: by an earlier daemon
};

struct MetricState {
  MetricState(std::shared_ptr<const spec::Metric> of, std::uint32_t its_number)
      : owner(std::move(of)), metric(*owner), number(its_number), series(metric) {}

  /// True when every probe that the metric needs is attached somewhere.
  [[nodiscard]] bool is_attached() const;

  /// Everything its maps hold now. It has a program.
  struct Reading {
    Samples samples;
    Tally tally;
  };
  [[nodiscard]] Result<Reading> read() const;

  [[nodiscard]] expose::AttachState attach_state() const;
  /// What keeps it from counting, in words, or "attached".
  [[nodiscard]] std::string state_of(bool has_no_process) const;

  /// Takes down where its counts are, for the rates on the pages; after each drain.
  void note_pace(metrics::Pace::Time now);
  /// What came of that; `cpus` is the number of those that are online.
  [[nodiscard]] std::optional<expose::Lately> lately(unsigned cpus) const;

  /// What all its programs counted, as of the latest drain.
  [[nodiscard]] Totals totals() const;

  /// The program's handles are kept for the next daemon under this and their own names.
  [[nodiscard]] std::string kept_as() const;

  std::shared_ptr<const spec::Metric> owner;
  const spec::Metric& metric;
  std::uint32_t number;  ///< as long as the daemon runs, no other metric has it
  std::unique_ptr<plan::MetricProgram> program;
  std::map<proc::FileId, AttachedFile> files;
  std::optional<std::chrono::steady_clock::time_point> unused_since;  ///< the program is
  bool is_kept = false;  ///< the program is, for the next daemon
  metrics::MetricSeries series;
  std::vector<std::string> forgotten;  ///< raw keys that are still to be deleted from the map

  std::vector<ProbeName> probes;  ///< that tally.hits counts, as of the latest drain
  Tally tally;                    ///< of the latest drain
  Totals before;                  ///< of programs that are no more
  plan::Fuse fuse;
  plan::HitMeter meter;
  metrics::Pace pace;
  std::uint64_t trips = 0;
  std::uint64_t attaches = 0;
  std::uint64_t detaches = 0;
  std::map<Errc, std::uint64_t> attach_errors;
  std::string problem;  ///< the latest of them; empty: there is none any more
  std::uint64_t starts_expired = 0;
  std::string state = "waiting for its processes";  ///< in words, for the log and the pages
};

}  // namespace sdt::daemon
