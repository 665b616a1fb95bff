// The engine: processes in, series out.
//
// Purpose:   what the daemon does again and again, without timers, HTTP or signals, so that both
//            the daemon and tests can turn the crank: follow the processes, attach, drain.
// Ownership: owns all run-time state of the targets and shares their spec; everything given to the
//            constructor must outlive it.
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

#include "base/unique_fd.h"
#include "daemon/attacher.h"
#include "daemon/host_files.h"
#include "daemon/inheritance.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "daemon/target_state.h"
#include "expose/targets_view.h"
#include "metrics/self.h"
#include "metrics/snapshot.h"
#include "plan/backend.h"
#include "plan/hit_meter.h"
#include "plan/match.h"
#include "proc/cgroup_ids.h"
#include "proc/process_table.h"
#include "proc/procfs.h"
#include "proc/record.h"
#include "spec/config.h"

namespace sdt::daemon {

class Engine {
 public:
  struct Surroundings {
    plan::Backend& backend;
    const proc::Procfs& procfs;
    const HostFiles& host;
    proc::RecordSource* records = nullptr;  ///< null: processes are found by reconcile() alone
    Memory* memory = nullptr;               ///< null: nobody keeps anything for the next daemon
    const Log& log;
  };

  explicit Engine(const Surroundings& surroundings);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Counts what this says from now on. Metrics that an earlier config declared word for word in a
  /// target of the same name go on, attached and with their counts; the others begin anew. Takes
  /// effect with the next reconcile().
  void take_up(const std::shared_ptr<const spec::Config>& config, Time now);

  /// What the backend is made of when an earlier daemon has left it.
  [[nodiscard]] static plan::Adopted shared_of(Inheritance& inheritance);
  /// The same at the start, going on where an earlier daemon stopped as far as that can be: what it
  /// left and is still of use is taken out of the inheritance.
  void inherit(const std::shared_ptr<const spec::Config>& config, Inheritance& inheritance,
               Time now);

  /// Takes in what the kernel reported, and attaches at once.
  void follow(Time now);

  /// Looks at /proc and at the host's files, and repairs whatever the records missed. Without
  /// records this is how everything is found.
  void reconcile(Time now);

  /// Does what has become due: a file to try again, a process to look at once more.
  void turn(Time now);
  /// When turn() has something to do.
  [[nodiscard]] std::optional<Time> next_turn() const;

  /// Somebody may want to write to an attached file.
  void release_files(Time now);
  [[nodiscard]] Watches& watches() { return attacher_.watches(); }

  /// Files came, or went, where the spec names some: attached before the first process runs them.
  void look_at_changes(Time now);
  [[nodiscard]] const DirectoryWatches& directories() const { return attacher_.directories(); }

  /// Reads every metric's maps, decides whose events they are, and adds up. False: there are
  /// metrics with maps, and not one could be read.
  bool drain(Time now);
  /// Tells the next daemon, should there be one, where this one is.
  void remember();
  /// Detaches from everything: nothing is asked of the engine afterwards.
  void let_go(const Progress& progress) { attacher_.let_go(progress); }
  /// Detaches what costs more than its target may take, and tries again what was detached for that;
  /// to be called every second or so.
  void check_budget(Time now);
  /// Many processes came that may fill the maps: do not wait for the next interval.
  [[nodiscard]] bool is_drain_urgent() const;

  [[nodiscard]] metrics::Snapshot snapshot() const;
  /// The part of the self metrics that the engine knows.
  [[nodiscard]] metrics::SelfMetrics self_metrics() const;
  /// What every target and metric is doing, for the pages.
  [[nodiscard]] std::vector<expose::TargetView> targets_view(Time now) const;

 private:
  using Change = proc::ProcessTable::Change;
  /// Whether an image belongs, or that it was gone before it could be told.
  enum class Belongs : std::uint8_t { no, yes, unknown };

  void take_records(Time now);
  void make_up_for_losses(Time now);
  void settle(Time now);
  void apply(const Change& change, Time now);
  void forked(const Change& change);
  void executed(const Change& change);
  void mapped(const Change& change);
  void renamed(const Change& change, Time now);
  void left_main(const Change& change, Time now);
  void end(std::uint32_t pid, std::uint64_t time);
  [[nodiscard]] bool is_of_interest(const proc::ImagePtr& image) const;

  [[nodiscard]] Belongs judge(const TargetState& target, const proc::ImagePtr& image);
  [[nodiscard]] Belongs judge_at(const TargetState& target, const proc::ImagePtr& image,
                                 std::uint64_t when);
  [[nodiscard]] bool complete(const proc::ImagePtr& image);
  void place(TargetState& target, const proc::ImagePtr& image, Time now);
  void look_at_maps(TargetState& target, const proc::ImagePtr& image);

  void look_at_processes(Time now);
  void end_all_but(const std::set<std::uint32_t>& present, Time now);
  proc::ImagePtr saw(const proc::Process& process, std::uint64_t since);
  [[nodiscard]] bool may_change_sides(const proc::ImagePtr& image) const;
  void report_hidden(const std::map<std::uint32_t, std::string>& hidden);
  void report_state(TargetState& target, MetricState& metric);
  [[nodiscard]] metrics::SelfMetrics::Metric self_metrics_of(const TargetState& target,
                                                             const MetricState& metric) const;
  [[nodiscard]] expose::MetricView metric_view(const TargetState& target, const MetricState& metric,
                                               Time now) const;

  void introduce(Time now);
  void introduce(TargetState& target, const proc::ImagePtr& image);
  void bind(TargetState& target, const ImageKey& key, std::uint64_t when,
            const plan::Newcomer* noted);
  bool take_note(const proc::ImagePtr& image, const plan::Newcomer& noted);
  [[nodiscard]] Belongs judge_by_note(const TargetState& target, const proc::ImagePtr& image,
                                      const plan::Newcomer& noted);
  /// What maps held at a moment: read before it is asked whose events they are.
  struct Readings {
    struct One {
      TargetState& target;
      MetricState& metric;
      MetricState::Reading what;
    };
    std::vector<One> all;
    bool has_read = false;
    bool has_failed = false;
  };
  void read(TargetState& target, Readings& into);
  void drain(TargetState& target, Time now);
  void add_up(Readings& readings, Time now);
  void report_unread(const TargetState& target, const MetricState& metric, const Error& error);
  [[nodiscard]] metrics::ProcessView classify(TargetState& target, const ImageKey& key, Time now);
  void expire_starts(TargetState& target);

  [[nodiscard]] TargetState continued(std::shared_ptr<const spec::Target> target,
                                      std::vector<TargetState>& before, Time now);
  void inherit_metric(TargetState& target, MetricState& metric, const SavedMetric& saved,
                      Inheritance& inheritance);
  void inherit_images(TargetState& target, const SavedTarget& saved, Time now);
  void inherit_judgements(Time now);
  [[nodiscard]] proc::ImagePtr inherited_image(proc::Process process, Time now);
  void let_go(MetricState& metric);
  void delete_forgotten();

  /// What a metric did since the previous check_budget().
  struct Measured {
    TargetState* target;
    MetricState* metric;
    plan::HitMeter::Charge charge;
    Tally tally;
  };
  static void measure(TargetState& target, MetricState& metric, std::chrono::nanoseconds trap_cost,
                      std::vector<Measured>& into);
  [[nodiscard]] static unsigned online_cpus();
  [[nodiscard]] bool trip_breakers(const std::vector<Measured>& measured,
                                   std::chrono::nanoseconds period, Time now);
  void take_sample(const std::vector<Measured>& measured, Time now);
  [[nodiscard]] bool unload_unused(Time now);
  [[nodiscard]] bool retry_tripped(Time now);
  void unload(MetricState& metric);

  plan::Backend& backend_;
  const proc::Procfs& procfs_;
  proc::CgroupIds cgroups_;
  proc::RecordSource* records_;
  Memory* memory_;
  const Log& log_;
  std::vector<TargetState> targets_;
  std::uint32_t next_number_ = 0;  ///< of a target or a metric
  Attacher attacher_;
  proc::ProcessTable table_;
  bool is_shared_kept_ = false;  ///< for the next daemon
  bool is_inheriting_ = false;   ///< until every process was looked at once
  std::uint64_t arrivals_ = 0;   ///< images that may fire, since the latest drain
  bool have_some_ended_ = false;
  /// Since when records are missing; unset: none are.
  std::optional<std::uint64_t> missing_since_;
  std::uint64_t looked_at_ = 0;     ///< all processes, at this moment; ns
  std::uint64_t records_lost_ = 0;  ///< how often

  struct Look {
    Time due;
    proc::ImagePtr image;
    unsigned tries = 0;
  };
  std::vector<Look> leaving_;    ///< main thread gone: is the process over?
  std::vector<Look> maturing_;   ///< might still become a member: setuid, control group
  std::vector<Look> unloading_;  ///< mapped something new: did something old go?

  std::optional<Time> budget_checked_;
  UniqueFd run_measurement_;  ///< open: the kernel measures how long programs run
  bool is_sampling_ = false;
  bool is_measuring_refused_ = false;
  Time next_sample_;

  std::set<std::uint32_t> hidden_;  ///< processes that could not be looked at, as of the last look
  std::set<std::string> said_;      ///< problems that were logged and last
};

}  // namespace sdt::daemon
