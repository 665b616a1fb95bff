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
  const std::vector<proc::Process> processes = read_processes();
  std::set<plan::Binding> wanted;
  std::set<proc::FileId> files;
  for (TargetState& target : targets_) {
    update_members(target, processes, now);
    find_files(target);
    for (const auto& [file, where] : target.files) files.insert(file);
    for (std::uint32_t i = 0; i < target.metrics.size(); ++i) want(target, i, wanted);
  }
  const plan::Actions actions = plan::reconcile(wanted, attempts_, now);
  for (const plan::Binding& binding : actions.detach) detach(binding);
  for (const plan::Binding& binding : actions.drop) attempts_.erase(binding);
  for (const plan::Binding& binding : actions.attach) attach(binding, now);
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) report_state(target, metric);
  }
  catalog_.retain(files);
  std::erase_if(refused_, [&](const auto& entry) { return !files.contains(entry.first.file); });
}

std::vector<proc::Process> Engine::read_processes() {
  std::vector<proc::Process> processes;
  const auto pids = procfs_.pids();
  if (!pids) {
    log_.error("cannot list processes", {{"error", pids.error().message}});
    return processes;
  }
  std::map<std::uint32_t, std::string> hidden;
  for (const std::uint32_t pid : *pids) {
    auto process = procfs_.read(pid);
    if (process) {
      processes.push_back(std::move(*process));
    } else if (process.error().code == Errc::permission) {
      hidden.emplace(pid, process.error().message);
    }
  }
  report_hidden(hidden);
  return processes;
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

void Engine::update_members(TargetState& target, const std::vector<proc::Process>& processes,
                            Time now) {
  const Members::Change change = target.members.update(processes, now);
  // Ended processes' events are folded before their verdict goes: what is recorded under a pid is
  // theirs, not its next owner's.
  if (!change.left.empty()) {
    for (MetricState& metric : target.metrics) {
      drain_metric(target, metric, now);
      if (metric.program) metric.starts_expired += metric.program->expire_starts(change.left);
    }
  }
  for (const std::uint32_t pid : change.left) backend_.forget_process(target.number, pid);
  for (const std::uint32_t pid : change.joined) {
    const Status judged = backend_.judge(target.number, pid, plan::Verdict::member);
    // Not fatal: its events go on being recorded under the pid and are classified at each drain.
    if (!judged)
      log_.warn("process not announced to the kernel",
                {{"target", target.target.name}, {"error", judged.error().message}});
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
  target.files.clear();
  for (const std::uint32_t pid : target.members.running()) {
    auto mappings = procfs_.mapped_files(pid);
    if (!mappings) {
      if (mappings.error().code != Errc::gone && said_.insert(fmt::format("maps {}", pid)).second) {
        log_.warn("cannot see which files a process maps; its probes stay dark",
                  {{"target", target.target.name},
                   {"pid", std::to_string(pid)},
                   {"error", mappings.error().message}});
      }
      continue;
    }
    for (proc::Mapping& mapping : *mappings) {
      if (target.target.file && !target.target.file->matches_path(mapping.path)) continue;
      target.files.try_emplace(mapping.file, MappedBy{pid, mapping});
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
    const CatalogEntry& entry = catalog_.get(where);
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
  const CatalogEntry& entry = catalog_.get(where);
  auto selection = plan::select_sites(metric.metric, *entry.probes);
  if (!selection) return tl::unexpected(std::move(selection).error());
  if (!metric.program) {
    auto program = backend_.load(target.number, metric.metric);
    if (!program) return tl::unexpected(std::move(program).error());
    metric.program = std::move(*program);
  }
  auto fd = procfs_.open_mapping(where.pid, where.mapping);
  if (!fd) return tl::unexpected(std::move(fd).error());
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
  if (!process) return {Standing::gone, {}, std::nullopt};
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
