// The engine: processes in, series out.
//
// Purpose:   the two things the daemon does again and again, rescan (find processes and files,
//            attach, detach) and drain (read maps, classify, add up), without timers, HTTP or
//            signals, so that both the daemon and tests can turn the crank.
// Ownership: owns all run-time state of the targets; the config, backend and /proc reader must
//            outlive it.
// Thread:    the loop; `now` is a parameter.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/catalog.h"
#include "daemon/log.h"
#include "daemon/members.h"
#include "daemon/metric_state.h"
#include "metrics/duration_histogram.h"
#include "metrics/self.h"
#include "metrics/snapshot.h"
#include "plan/backend.h"
#include "plan/reconcile.h"
#include "proc/procfs.h"
#include "spec/config.h"

namespace sdt::daemon {

class Engine {
 public:
  Engine(const spec::Config& config, plan::Backend& backend, const proc::Procfs& procfs,
         const Log& log);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Looks at every process and makes attachments what they should be.
  void rescan(Time now);

  /// Reads every metric's maps and adds up.
  void drain(Time now);

  [[nodiscard]] metrics::Snapshot snapshot() const;
  /// The part of the self metrics that the engine knows.
  [[nodiscard]] metrics::SelfMetrics self_metrics() const;

 private:
  struct TargetState {
    explicit TargetState(const spec::Target& of, std::uint32_t its_number)
        : target(of), number(its_number), members(of) {}
    const spec::Target& target;
    std::uint32_t number;
    Members members;
    std::vector<MetricState> metrics;
    std::map<proc::FileId, MappedBy> files;  ///< mapped by members, as of the latest rescan
  };

  [[nodiscard]] std::optional<Census> take_census();
  void expire_starts(MetricState& metric, const Census& census);
  void report_hidden(const std::map<std::uint32_t, std::string>& hidden);
  void update_members(TargetState& target, const Census& census, Time now);
  void find_files(TargetState& target);
  void want(TargetState& target, std::uint32_t metric_number, std::set<plan::Binding>& wanted);
  void attach(const plan::Binding& binding, Time seen);
  void detach(const plan::Binding& binding);
  void report_failure(const plan::Binding& binding, const Error& error);
  void attach_failed(const plan::Binding& binding, const Error& error, Time now);
  void report_state(TargetState& target, MetricState& metric);
  [[nodiscard]] Status attach_now(const plan::Binding& binding);

  void drain_metric(TargetState& target, MetricState& metric, Time now);
  [[nodiscard]] metrics::ProcessView classify(TargetState& target, std::uint32_t pid);
  [[nodiscard]] MetricState& metric_of(const plan::Binding& binding);

  plan::Backend& backend_;
  const proc::Procfs& procfs_;
  const Log& log_;
  Catalog catalog_;
  std::vector<TargetState> targets_;
  std::map<plan::Binding, plan::Attempt> attempts_;
  /// Bindings whose probes cannot be had from this file, with what was said about it: said once.
  std::map<plan::Binding, std::string> refused_;
  std::set<std::uint32_t>
      hidden_;                  ///< processes that could not be looked at, as of the latest rescan
  std::set<std::string> said_;  ///< problems of processes and files that were logged and last
  metrics::DurationHistogram attach_delay_ = metrics::SelfMetrics().attach_delay;
};

}  // namespace sdt::daemon
