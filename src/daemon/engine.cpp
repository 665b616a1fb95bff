#include "daemon/engine.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "plan/match.h"
#include "plan/select.h"

namespace sdt::daemon {
namespace {

/// Longer than any series outlives its process by default (5 min), so that labels can still be
/// told.
constexpr std::chrono::minutes member_memory{10};

std::string name_of(const spec::Target& target, const spec::Metric& metric) {
  return fmt::format("{}/{}", target.name, metric.name);
}

double seconds_between(Time from, Time to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Engine::Engine(const spec::Config& config, plan::Backend& backend, const proc::Procfs& procfs,
               const Log& log)
    : backend_(backend), procfs_(procfs), log_(log), catalog_(procfs) {
  targets_.reserve(config.targets.size());
  for (const spec::Target& target : config.targets) {
    TargetState& state = targets_.emplace_back(target, static_cast<std::uint32_t>(targets_.size()));
    state.metrics.reserve(target.metrics.size());
    for (const spec::Metric& metric : target.metrics) state.metrics.emplace_back(metric);
  }
}

MetricState& Engine::metric_of(const plan::Binding& binding) {
  return targets_[binding.target].metrics[binding.metric];
}

/* ---- rescan
 * ----------------------------------------------------------------------------------------------------
 */

void Engine::rescan(Time now) {
  const auto census = take_census();
  // Without a look at /proc nothing is known to have changed: everything stays as it is.
  if (!census) return;
  std::set<plan::Binding> wanted;
  std::set<proc::FileId> files;
  for (TargetState& target : targets_) {
    update_members(target, *census, now);
    find_files(target);
    for (const auto& [file, where] : target.files) files.insert(file);
    for (std::uint32_t i = 0; i < target.metrics.size(); ++i) want(target, i, wanted);
  }
  const plan::Actions actions = plan::reconcile(wanted, attempts_, now);
  for (const plan::Binding& binding : actions.detach) detach(binding);
  for (const plan::Binding& binding : actions.drop) attempts_.erase(binding);
  for (const plan::Binding& binding : actions.attach) attach(binding, now);
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) {
      expire_starts(metric, *census);
      report_state(target, metric);
    }
  }
  catalog_.retain(files);
  std::erase_if(refused_, [&](const auto& entry) { return !files.contains(entry.first.file); });
}

std::optional<Census> Engine::take_census() {
  const auto pids = procfs_.pids();
  if (!pids) {
    log_.error("cannot list processes", {{"error", pids.error().message}});
    return std::nullopt;
  }
  Census census;
  std::map<std::uint32_t, std::string> hidden;
  for (const std::uint32_t pid : *pids) {
    auto process = procfs_.read(pid);
    if (process) {
      census.processes.push_back(std::move(*process));
    } else if (process.error().code != Errc::gone && process.error().code != Errc::unsupported) {
      census.unreadable.insert(pid);
      hidden.emplace(pid, process.error().message);
    }
  }
  report_hidden(hidden);
  return census;
}

/// Starts of processes that are no more will never be ended.
void Engine::expire_starts(MetricState& metric, const Census& census) {
  if (!metric.program) return;
  std::set<std::uint32_t> present = census.unreadable;
  for (const proc::Process& process : census.processes) present.insert(process.id.pid);
  metric.starts_expired += metric.program->expire_starts([&](std::uint32_t pid) {
    if (present.contains(pid)) return false;
    const auto id = procfs_.identify(pid);  // it may be younger than the census
    return !id && id.error().code == Errc::gone;
  });
}

/// Names the processes that cannot be looked at, each once: a target's own may be among them.
void Engine::report_hidden(const std::map<std::uint32_t, std::string>& hidden) {
  constexpr std::size_t most_named = 10;
  std::string pids;
  std::size_t fresh = 0;
  for (const auto& [pid, why] : hidden) {
    if (hidden_.contains(pid)) continue;
    if (++fresh <= most_named) pids += fmt::format("{}{}", pids.empty() ? "" : " ", pid);
  }
  if (fresh > 0) {
    log_.warn(
        "some processes cannot be looked at and will match no target",
        {{"count", std::to_string(fresh)}, {"pids", pids}, {"error", hidden.rbegin()->second}});
  }
  hidden_.clear();
  for (const auto& [pid, why] : hidden) hidden_.insert(pid);
}

void Engine::update_members(TargetState& target, const Census& census, Time now) {
  const Members::Change change = target.members.diff(census);
  // What those who left did is added up while they are known as what they were.
  if (!change.left.empty()) {
    for (MetricState& metric : target.metrics) drain_metric(target, metric, now);
  }
  target.members.commit(census, change, now);
  for (const std::uint32_t pid : change.left) backend_.forget_process(target.number, pid);
  for (const std::uint32_t pid : change.joined) {
    const Status judged = backend_.judge(target.number, pid, plan::Verdict::member);
    // Not fatal: its events go on being recorded under the pid and are classified at each drain.
    if (!judged) {
      log_.warn("process not announced to the kernel",
                {{"target", target.target.name}, {"error", judged.error().message}});
    }
  }
  if (!change.joined.empty() || !change.left.empty()) {
    log_.debug("processes changed", {{"target", target.target.name},
                                     {"joined", std::to_string(change.joined.size())},
                                     {"left", std::to_string(change.left.size())},
                                     {"running", std::to_string(target.members.running().size())}});
  }
  target.members.forget_ended_before(now - member_memory);
}

void Engine::find_files(TargetState& target) {
  const std::map<proc::FileId, MappedBy> before = std::exchange(target.files, {});
  for (const std::uint32_t pid : target.members.running()) {
    auto mappings = procfs_.mapped_files(pid);
    if (!mappings) {
      if (mappings.error().code == Errc::gone) continue;
      if (said_.insert(fmt::format("maps {}", pid)).second) {
        log_.warn("cannot see which files a process maps", {{"target", target.target.name},
                                                            {"pid", std::to_string(pid)},
                                                            {"error", mappings.error().message}});
      }
      // What it was seen to map it is taken to map still.
      for (const auto& [file, where] : before) {
        if (where.pid == pid) target.files.try_emplace(file, where);
      }
      continue;
    }
    for (proc::Mapping& mapping : *mappings) {
      if (target.target.file && !target.target.file->matches_path(mapping.path)) continue;
      MappedBy where{pid, std::move(mapping)};
      const proc::FileId file = catalog_.canonical(where);
      target.files.try_emplace(file, std::move(where));
    }
  }
}

/// Adds the files that have the metric's probes to what should be attached.
void Engine::want(TargetState& target, std::uint32_t metric_number,
                  std::set<plan::Binding>& wanted) {
  MetricState& metric = target.metrics[metric_number];
  for (const auto& [file, where] : target.files) {
    const plan::Binding binding{target.number, metric_number, file};
    if (attempts_.contains(binding)) {
      wanted.insert(binding);
      continue;
    }
    const CatalogEntry& entry = catalog_.get(file, where);
    if (!entry.probes) {
      if (!entry.problem.empty() &&
          said_.insert(fmt::format("file {} {}", file.inode, entry.path)).second) {
        log_.warn("cannot read the probes of a file",
                  {{"target", target.target.name}, {"file", entry.path}, {"error", entry.problem}});
      }
      continue;
    }
    const auto selection = plan::select_sites(metric.metric, *entry.probes);
    if (selection && selection->sites.empty()) continue;
    if (selection) {
      wanted.insert(binding);
    } else if (refused_.try_emplace(binding, selection.error().message).second) {
      // What a file's notes lack they will lack tomorrow: not tried again.
      ++metric.attach_errors[selection.error().code];
      report_failure(binding, selection.error());
    }
  }
}

Status Engine::attach_now(const plan::Binding& binding) {
  TargetState& target = targets_[binding.target];
  MetricState& metric = metric_of(binding);
  const MappedBy& where = target.files.at(binding.file);
  auto fd = procfs_.open_mapping(where.pid, where.mapping);
  if (!fd) return tl::unexpected(std::move(fd).error());
  // Offsets of another version of the file would put breakpoints into the middle of its code.
  catalog_.drop_if_changed(binding.file, fd->get());
  const CatalogEntry& entry = catalog_.get(binding.file, where);
  if (!entry.probes) return fail(Errc::busy, entry.problem);
  auto selection = plan::select_sites(metric.metric, *entry.probes);
  if (!selection) return tl::unexpected(std::move(selection).error());
  if (selection->sites.empty()) {
    return fail(Errc::busy, fmt::format("{} changed, and has no {} any more", entry.path,
                                        plan::probes_text(metric.metric)));
  }
  if (!metric.program) {
    auto program = backend_.load(target.number, metric.metric);
    if (!program) return tl::unexpected(std::move(program).error());
    metric.program = std::move(*program);
  }
  auto link = metric.program->attach(fd->get(), entry.path, selection->sites);
  if (!link) return tl::unexpected(std::move(link).error());

  AttachedFile attached{std::move(*link), entry.path, selection->roles, {}};
  for (const plan::SelectedSite& site : selection->sites) ++attached.sites[site.probe];
  metric.files.insert_or_assign(binding.file, std::move(attached));
  for (const std::string& warning : selection->warnings) {
    log_.warn("events of this site will be counted as lost",
              {{"metric", name_of(target.target, metric.metric)},
               {"file", entry.path},
               {"reason", warning}});
  }
  for (const std::string& refused : selection->refused) {
    log_.warn("site not attached", {{"metric", name_of(target.target, metric.metric)},
                                    {"file", entry.path},
                                    {"reason", refused}});
  }
  log_.info("attached", {{"target", target.target.name},
                         {"metric", metric.metric.name},
                         {"file", entry.path},
                         {"sites", std::to_string(selection->sites.size())}});
  return {};
}

void Engine::attach(const plan::Binding& binding, Time seen) {
  const auto before = std::chrono::steady_clock::now();
  const Status attached = attach_now(binding);
  const auto after = std::chrono::steady_clock::now();
  if (!attached) {
    attach_failed(binding, attached.error(), after);
    return;
  }
  attach_delay_.observe(after - seen);
  log_.debug("attach took", {{"metric", metric_of(binding).metric.name},
                             {"seconds", fmt::format("{:.6f}", seconds_between(before, after))}});
  attempts_[binding] = {true, 0, {}};
  ++metric_of(binding).attaches;
}

void Engine::attach_failed(const plan::Binding& binding, const Error& error, Time now) {
  // A process that ended while we looked is the next rescan's business.
  if (error.code == Errc::gone) return;
  MetricState& metric = metric_of(binding);
  ++metric.attach_errors[error.code];
  plan::Attempt& attempt = attempts_[binding];
  attempt.retry_at = now + plan::backoff(++attempt.failures);
  if (attempt.failures == 1) report_failure(binding, error);  // said once, until it works
}

void Engine::report_failure(const plan::Binding& binding, const Error& error) {
  const TargetState& target = targets_[binding.target];
  const MetricState& metric = metric_of(binding);
  const auto where = target.files.find(binding.file);
  log_.error("cannot attach",
             {{"target", target.target.name},
              {"metric", metric.metric.name},
              {"file", where == target.files.end() ? "" : where->second.mapping.path},
              {"error", error.message}});
}

void Engine::detach(const plan::Binding& binding) {
  MetricState& metric = metric_of(binding);
  const auto attached = metric.files.find(binding.file);
  if (attached != metric.files.end()) {
    log_.info("detached, no process maps the file any more",
              {{"target", targets_[binding.target].target.name},
               {"metric", metric.metric.name},
               {"file", attached->second.path}});
    metric.files.erase(attached);
  }
  attempts_.erase(binding);
}

/// Says in words what keeps a metric from counting, once for each change.
void Engine::report_state(TargetState& target, MetricState& metric) {
  std::string state = "attached";
  if (target.members.running().empty()) {
    state = "waiting for its processes";
  } else if (!metric.is_attached()) {
    state = metric.attach_errors.empty()
                ? fmt::format("waiting: no file that the target's processes map has {}",
                              plan::probes_text(metric.metric))
                : "not attached: see the errors before";
  }
  if (state == metric.state) return;
  metric.state = std::move(state);
  const Log::Fields fields{
      {"target", target.target.name}, {"metric", metric.metric.name}, {"state", metric.state}};
  if (metric.is_attached()) {
    log_.debug("metric", fields);
  } else {
    log_.warn("metric not attached", fields);
  }
}

/* ---- drain
 * -----------------------------------------------------------------------------------------------------
 */

void Engine::drain(Time now) {
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) drain_metric(target, metric, now);
  }
}

void Engine::drain_metric(TargetState& target, MetricState& metric, Time now) {
  if (!metric.program) return;
  auto samples = metric.program->drain();
  auto tally = metric.program->tally();
  if (!samples || !tally) {
    // The maps keep counting; what is missed now is in the next reading.
    log_.error("cannot read a metric's maps",
               {{"metric", name_of(target.target, metric.metric)},
                {"error", samples ? tally.error().message : samples.error().message}});
    return;
  }
  metric.series.apply(
      *samples, [&](std::uint32_t pid) { return classify(target, pid); }, now);
  metric.program->forget_keys(metric.series.expire(now));
  metric.tally = std::move(*tally);
  metric.probes = std::move(samples->probes);
}

/// Decides about a process that fired before a rescan found it.
metrics::ProcessView Engine::classify(TargetState& target, std::uint32_t pid) {
  using Standing = metrics::ProcessView::Standing;
  auto known = target.members.view(pid);
  // The pid of an ended member may have a new owner (or the same process runs another program):
  // that one is judged anew.
  const bool settled = known && (!known->ended || !procfs_.identify(pid));
  if (settled) return std::move(*known);
  const auto process = procfs_.read(pid);
  if (!process && known) return std::move(*known);
  if (!process) {
    // Kernel threads have no probes; what may not be looked at will not be told tomorrow either.
    const Errc code = process.error().code;
    if (code == Errc::unsupported) return {Standing::foreign, {}, std::nullopt};
    const bool is_final = code == Errc::gone || code == Errc::permission;
    return {is_final ? Standing::gone : Standing::unknown, {}, std::nullopt};
  }
  const bool belongs = target.members.admit(*process);
  const Status judged =
      backend_.judge(target.number, pid, belongs ? plan::Verdict::member : plan::Verdict::foreign);
  if (!judged)
    log_.warn("process not announced to the kernel", {{"error", judged.error().message}});
  return *target.members.view(pid);
}

/* ---- what is shown
 * ---------------------------------------------------------------------------------------------- */

metrics::Snapshot Engine::snapshot() const {
  metrics::Snapshot snapshot;
  for (const TargetState& target : targets_) {
    for (const MetricState& metric : target.metrics)
      snapshot.metrics.push_back(metric.series.collect());
  }
  return snapshot;
}

}  // namespace sdt::daemon
