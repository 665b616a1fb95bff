// Attacher: from files with probes to links.
#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "daemon/attacher.h"
#include "plan/select.h"

namespace sdt::daemon {
namespace {

std::string name_of(const TargetState& target, const MetricState& metric) {
  return fmt::format("{}/{}", target.target.name, metric.metric.name);
}

}  // namespace

/// A writer is usually done in a moment; what else keeps us from attaching takes longer.
std::chrono::milliseconds Attacher::pause_after(const Error& error, unsigned failures) {
  const auto usual = std::chrono::milliseconds(plan::backoff(failures));
  if (error.code != Errc::busy) return usual;
  constexpr std::chrono::milliseconds shortest{20};
  return std::min<std::chrono::milliseconds>(usual, shortest * (1L << std::min(failures, 10U)));
}

bool Attacher::settle(Time now) {
  const auto due = next_try();
  if (is_settled_ && (!due || *due > now)) return false;
  is_settled_ = true;
  reap(now);
  const plan::Actions actions = plan::reconcile(wanted_bindings(), attempts_, now);
  for (const plan::Binding& binding : actions.drop) attempts_.erase(binding);
  for (const plan::Binding& binding : actions.attach) attach(binding);
  close(actions.detach, now);

  std::set<proc::FileId> unfinished;
  std::set<std::uint32_t> troubled;
  for (const auto& [binding, attempt] : attempts_) {
    if (attempt.attached) continue;
    unfinished.insert(binding.file);
    troubled.insert(binding.metric);
  }
  std::set<proc::FileId> files = files_in_use();
  for (TargetState& target : targets_) {
    for (auto& [file, use] : target.files) {
      if (!unfinished.contains(file)) use.mapped_at.reset();
    }
  }
  std::erase_if(refused_, [&](const auto& entry) { return !files.contains(entry.first.file); });
  for (const auto& [binding, why] : refused_) troubled.insert(binding.metric);
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) {
      // What was wrong with a file is over when the file is.
      if (!troubled.contains(metric.number)) metric.problem.clear();
    }
  }
  for (const Closing& closing : closings_) files.insert(closing.files.begin(), closing.files.end());
  drop_guards_but(files);
  return true;
}

std::set<plan::Binding> Attacher::wanted_bindings() {
  std::set<plan::Binding> wanted;
  for (TargetState& target : targets_) {
    for (const auto& [file, use] : target.files) {
      const CatalogEntry* entry = catalog_.known(file);
      for (MetricState& metric : target.metrics) {
        if (metric.fuse.trip) continue;
        const plan::Binding binding{target.number, metric.number, file};
        if (attempts_.contains(binding)) {
          wanted.insert(binding);
          continue;
        }
        if (entry == nullptr || !entry->probes) continue;
        const auto selection = plan::select_sites(metric.metric, *entry->probes, policy_of(target));
        if (selection && selection->sites.empty()) continue;
        if (selection) {
          wanted.insert(binding);
        } else if (refused_.try_emplace(binding, selection.error().message).second) {
          // What a file's notes lack they will lack tomorrow: not tried again.
          ++metric.attach_errors[selection.error().code];
          metric.problem = selection.error().message;
          report_failure(binding, selection.error());
        }
      }
    }
  }
  return wanted;
}

Result<Attacher::Opened> Attacher::open_for_attach(const proc::FileId& file, const FileUse& use) {
  Error problem{Errc::gone, fmt::format("{}: no process maps it any more", use.path)};
  constexpr std::size_t most_tried = 3;
  std::size_t tried = 0;
  for (const auto& [pid, mapping] : use.by) {
    if (++tried > most_tried) break;
    auto opened = open(pid, mapping);
    if (opened && opened->file == file) return opened;
    if (!opened) problem = std::move(opened).error();
  }
  auto hosted = open_on_host(use.path);
  if (hosted && hosted->file == file) return hosted;
  return tl::unexpected(std::move(problem));
}

/// Opens the file and keeps it from being rewritten, unless that has been done.
Status Attacher::guard(const proc::FileId& file, const FileUse& use) {
  if (guards_.contains(file)) return {};
  auto opened = open_for_attach(file, use);
  if (!opened) return tl::unexpected(std::move(opened).error());
  auto guard = FileGuard::take(std::move(opened->fd), use.path, watches_);
  if (!guard) return tl::unexpected(std::move(guard).error());
  if (guard->kind() != FileGuard::Kind::lease) {
    log_.info("should this file be rewritten in place, it will be noticed only afterwards",
              {{"file", use.path}, {"reason", guard->reason()}});
  }
  Guarded guarded{std::move(*guard), use.path, {}};
  if (memory_ != nullptr && memory_->keeper().keeps_files()) {
    guarded.kept_as = fmt::format("sdt-file-{}", next_kept_++);
    memory_->keep(guarded.kept_as, guarded.guard.fd());
  }
  guards_.emplace(file, std::move(guarded));
  return {};
}

Status Attacher::attach_now(const plan::Binding& binding) {
  TargetState& target = target_of(binding);
  MetricState& metric = metric_of(binding);
  const FileUse& use = target.files.at(binding.file);
  finish_closing(binding.file);
  if (auto status = guard(binding.file, use); !status) return status;
  const FileGuard& guard = guards_.at(binding.file).guard;
  const CatalogEntry* entry = catalog_.known(binding.file, guard.fd());
  if (entry == nullptr) entry = &catalog_.read(binding.file, guard, use.path);
  if (!entry->probes) return fail(Errc::invalid, entry->problem.message);
  auto selection = plan::select_sites(metric.metric, *entry->probes, policy_of(target));
  if (!selection) return tl::unexpected(std::move(selection).error());
  if (selection->sites.empty()) {
    return fail(Errc::not_found, fmt::format("{} changed, and has no {} any more", entry->path,
                                             plan::probes_text(metric.metric)));
  }
  if (!metric.program) {
    auto program = backend_.load(target.number, metric.metric);
    if (!program) return tl::unexpected(std::move(program).error());
    metric.program = std::move(*program);
  }
  auto link = metric.program->attach(guard.fd(), use.path, selection->sites);
  if (!link) return tl::unexpected(std::move(link).error());
  AttachedFile attached{std::move(*link), {}, use.path, selection->roles, {}};
  attached.since = std::chrono::steady_clock::now();
  for (const plan::SelectedSite& site : selection->sites) ++attached.sites[site.probe];
  attached.refused = selection->refused;
  keep(attached);
  metric.files.insert_or_assign(binding.file, std::move(attached));
  report_attached(binding, *selection, use.path);
  return {};
}

void Attacher::attach(const plan::Binding& binding) {
  const auto before = std::chrono::steady_clock::now();
  const Status attached = attach_now(binding);
  const auto after = std::chrono::steady_clock::now();
  if (!attached) {
    attach_failed(binding, attached.error(), after);
    return;
  }
  FileUse& use = target_of(binding).files.at(binding.file);
  if (use.mapped_at) attach_delay_.observe(after - *use.mapped_at);
  log_.debug(
      "attach took",
      {{"metric", metric_of(binding).metric.name},
       {"seconds", fmt::format("{:.6f}", std::chrono::duration<double>(after - before).count())}});
  attempts_[binding] = {true, 0, {}};
  ++metric_of(binding).attaches;
}

void Attacher::attach_failed(const plan::Binding& binding, const Error& error, Time now) {
  // A process that ended while we looked takes its file along; the record of its end will say so.
  if (error.code == Errc::gone) return;
  MetricState& metric = metric_of(binding);
  ++metric.attach_errors[error.code];
  metric.problem = error.message;
  plan::Attempt& attempt = attempts_[binding];
  attempt.attached = false;
  attempt.retry_at = now + pause_after(error, attempt.failures++);
  // Said once, until it works; a writer that is still at it is no failure.
  const bool is_first = error.code == Errc::busy ? attempt.failures == 8 : attempt.failures == 1;
  if (is_first) report_failure(binding, error);
}

std::optional<Time> Attacher::next_try() const {
  std::optional<Time> next;
  for (const Closing& closing : closings_) {
    if (!next || closing.look_at < *next) next = closing.look_at;
  }
  for (const auto& [binding, attempt] : attempts_) {
    if (!attempt.attached && (!next || attempt.retry_at < *next)) next = attempt.retry_at;
  }
  return next;
}

void Attacher::report_attached(const plan::Binding& binding, const plan::Selection& selection,
                               const std::string& path) {
  const TargetState& target = target_of(binding);
  const MetricState& metric = metric_of(binding);
  for (const std::string& warning : selection.warnings) {
    log_.warn("events of this site will be counted as lost",
              {{"metric", name_of(target, metric)}, {"file", path}, {"reason", warning}});
  }
  for (const std::string& refused : selection.refused) {
    log_.warn("site not attached",
              {{"metric", name_of(target, metric)}, {"file", path}, {"reason", refused}});
  }
  log_.info("attached", {{"target", target.target.name},
                         {"metric", metric.metric.name},
                         {"file", path},
                         {"sites", std::to_string(selection.sites.size())}});
}

void Attacher::report_failure(const plan::Binding& binding, const Error& error) {
  const TargetState& target = target_of(binding);
  const auto use = target.files.find(binding.file);
  log_.error("cannot attach", {{"target", target.target.name},
                               {"metric", metric_of(binding).metric.name},
                               {"file", use == target.files.end() ? "" : use->second.path},
                               {"error", error.message}});
}

}  // namespace sdt::daemon
