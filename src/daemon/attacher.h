// Files in, attached probes out.
//
// Purpose:   know which files the targets' processes map or will run, attach the metrics to those
//            that have their probes, keep them from being rewritten under the probes, and let go of
//            files that nobody will run again.
// Ownership: owns the catalog and the guards of attached files; links live in the metrics' states.
// Thread:    the loop; `now` is a parameter.
#pragma once

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/catalog.h"
#include "daemon/closers.h"
#include "daemon/directory_watches.h"
#include "daemon/file_guard.h"
#include "daemon/host_files.h"
#include "daemon/inheritance.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "daemon/target_state.h"
#include "metrics/duration_histogram.h"
#include "metrics/self.h"
#include "plan/backend.h"
#include "plan/reconcile.h"
#include "proc/procfs.h"

namespace sdt::daemon {

class Attacher {
 public:
  /// `memory` is null when nobody keeps anything for the next daemon.
  Attacher(std::vector<TargetState>& targets, plan::Backend& backend, const proc::Procfs& procfs,
           const HostFiles& host, Memory* memory, const Log& log)
      : targets_(targets),
        backend_(backend),
        procfs_(procfs),
        host_(host),
        memory_(memory),
        log_(log) {}

  Attacher(const Attacher&) = delete;
  Attacher& operator=(const Attacher&) = delete;
  /// Detaches everything, and only then lets waiting writers go on; or leaves everything to the
  /// next daemon.
  ~Attacher();

  /// Goes on with the files and links of an earlier daemon that are still what they were. The
  /// metrics have their programs by now.
  void adopt(Inheritance& inheritance);
  /// Every process has been looked at: what is mapped is known.
  void end_inheritance();
  void save(SavedState& state) const;
  [[nodiscard]] std::vector<SavedLink> links_of(const MetricState& metric) const;

  /// A member maps a file. `seen` is when the kernel said so, unset when it was merely found. True:
  /// the file has probes that the target wants.
  bool mapped(TargetState& target, const proc::ImagePtr& image, const proc::Mapping& mapping,
              std::optional<Time> seen);
  /// Everything that a member maps: what it mapped before and maps no more is let go.
  void maps_now(TargetState& target, const proc::ImagePtr& image,
                const std::vector<proc::Mapping>& mappings);
  /// A forked member maps what its parent does.
  void inherit(TargetState& target, const proc::ImagePtr& parent, const proc::ImagePtr& child);
  /// A process that maps nothing any more.
  void left(TargetState& target, std::uint32_t pid);
  /// Whether the process maps a file that only processes keep attached.
  [[nodiscard]] static bool may_unload(const TargetState& target, std::uint32_t pid);

  /// Finds the files that the spec names on the host, and lets go of unused ones that are gone from
  /// there. watch_host() then has the kernel tell what changes, and look_at_changes() does for
  /// those files what look_at_host() does for all.
  void look_at_host(TargetState& target);
  void watch_host();
  void look_at_changes();
  [[nodiscard]] const DirectoryWatches& directories() const { return directories_; }

  /// Detaches from everything at the end, which perf events take their time for; what is kept for
  /// the next daemon goes on.
  void let_go(const Progress& progress);

  /// Detaches metrics that are no longer asked for.
  void retire(std::vector<MetricState> metrics, Time now);
  /// The target asks for other metrics, or for fewer files, than before.
  void narrow(TargetState& target);

  /// What is wanted has changed: settle() has something to do.
  void look_again() { is_settled_ = false; }
  /// A link of the metric is being closed still.
  [[nodiscard]] bool is_closing(const MetricState& metric) const;

  /// Forgets what was read of files that no target uses.
  void forget_unused();

  /// Attaches and detaches until everything is as it should be, as far as possible now. False:
  /// there was nothing to do.
  bool settle(Time now);
  /// Somebody wants to write to an attached file, or has: detaches from those that are concerned.
  void release_broken(Time now);
  [[nodiscard]] Watches& watches() { return watches_; }

  /// When settle() has something to try again.
  [[nodiscard]] std::optional<Time> next_try() const;
  [[nodiscard]] const metrics::DurationHistogram& attach_delay() const { return attach_delay_; }

 private:
  struct Opened {
    UniqueFd fd;
    proc::FileId file;
  };
  [[nodiscard]] Result<Opened> open(std::uint32_t pid, const proc::Mapping& mapping);
  [[nodiscard]] Result<Opened> open_on_host(const std::string& path);
  [[nodiscard]] Result<Opened> open_for_attach(const proc::FileId& file, const FileUse& use);
  [[nodiscard]] bool has_wanted_probes(TargetState& target, Opened& opened,
                                       const std::string& path);
  [[nodiscard]] const CatalogEntry* read(Opened& opened, const std::string& path);
  [[nodiscard]] bool stays(const TargetState& target, const proc::FileId& file,
                           const std::string& path);
  void found_on_host(TargetState& target, const std::string& path);
  void first_mapped(TargetState& target, const proc::FileId& file, FileUse& use, Time seen);
  void drop_unused(TargetState& target);
  [[nodiscard]] std::set<proc::FileId> files_in_use() const;

  [[nodiscard]] std::set<plan::Binding> wanted_bindings();
  [[nodiscard]] Status attach_now(const plan::Binding& binding);
  void attach(const plan::Binding& binding);
  void attach_failed(const plan::Binding& binding, const Error& error, Time now);
  void report_attached(const plan::Binding& binding, const plan::Selection& selection,
                       const std::string& path);
  void report_failure(const plan::Binding& binding, const Error& error);
  [[nodiscard]] std::optional<AttachedFile> take_link(const plan::Binding& binding,
                                                      const char* why);
  void keep(AttachedFile& attached);
  [[nodiscard]] Status guard(const proc::FileId& file, const FileUse& use);
  [[nodiscard]] bool adopt_guard(const SavedGuard& saved, Inheritance& inheritance);
  [[nodiscard]] bool adopt_link(TargetState& target, MetricState& metric, const SavedLink& saved,
                                Inheritance& inheritance);
  void close(std::vector<plan::Binding> bindings, Time now);
  struct Closing;
  void begin(Closing closing, Time now);
  void reap(Time now);
  void finish_closing(const proc::FileId& file);
  [[nodiscard]] plan::SitePolicy policy_of(const TargetState& target) const;
  [[nodiscard]] static std::chrono::milliseconds pause_after(const Error& error, unsigned failures);
  [[nodiscard]] TargetState& target_of(const plan::Binding& binding);
  [[nodiscard]] MetricState& metric_of(const plan::Binding& binding);

  std::vector<TargetState>& targets_;
  plan::Backend& backend_;
  const proc::Procfs& procfs_;
  const HostFiles& host_;
  Memory* memory_;
  const Log& log_;
  Watches watches_;
  DirectoryWatches directories_;
  Catalog catalog_;
  struct Guarded {
    FileGuard guard;
    std::string path;
    std::string kept_as;  ///< empty: not kept for the next daemon
  };
  void drop(const Guarded& guarded);
  void drop_guards_but(const std::set<proc::FileId>& used);
  std::map<proc::FileId, Guarded> guards_;
  std::uint64_t next_kept_ = 0;
  std::map<plan::Binding, plan::Attempt> attempts_;
  /// Bindings whose probes cannot be had from this file, with what was said about it: said once.
  std::map<plan::Binding, std::string> refused_;
  /// Links that a thread is closing: the kernel takes its time, in which others want to be
  /// attached.
  struct Closing {
    std::set<proc::FileId> files;
    std::set<std::uint32_t> metrics;
    std::vector<AttachedFile> links;
    Time look_at;            ///< when to see whether it is done
    std::future<void> done;  ///< waits when destroyed, before the links go
  };
  std::vector<Closing> closings_;
  std::set<std::string> said_;  ///< problems of files that were logged and last
  bool is_settled_ = false;
  metrics::DurationHistogram attach_delay_ = metrics::SelfMetrics().attach_delay;
};

}  // namespace sdt::daemon
