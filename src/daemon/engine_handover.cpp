// Engine: from one daemon to the next.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/engine.h"

namespace sdt::daemon {

using proc::ImagePtr;

namespace {

constexpr const char* shared_prefix = "sdt-shared-";

SavedImage saved_image(const ImageKey& key, const Roster::Bound& bound) {
  const proc::Process& facts = *bound.image->facts;
  return {key,        bound.is_member, facts.id,   facts.exe,
          facts.comm, facts.uid,       facts.user, facts.placement};
}

}  // namespace

void Engine::remember() {
  if (memory_ == nullptr || is_inheriting_) return;
  SavedState state;
  state.next_number = next_number_;
  state.shared_notes = backend_.notes();
  state.records_lost = records_lost_;
  for (TargetState& target : targets_) {
    SavedTarget& saved = state.targets.emplace_back();
    saved.number = target.number;
    saved.name = target.target.name;
    for (const auto& [key, bound] : target.roster.bound()) {
      saved.images.push_back(saved_image(key, bound));
    }
    for (MetricState& metric : target.metrics) {
      if (metric.program && !std::exchange(metric.is_kept, true)) {
        for (const plan::Handle& handle : metric.program->handles()) {
          memory_->keep(metric.kept_as() + handle.name, handle.fd);
        }
      }
      SavedMetric& one = saved.metrics.emplace_back();
      one.number = metric.number;
      one.fingerprint = metric.metric.fingerprint;
      if (metric.program && !metric.program->handles().empty()) {
        one.notes = metric.program->notes();
      }
      one.series = metric.series.save();
      one.forgotten = metric.forgotten;
      one.links = attacher_.links_of(metric);
      one.attaches = metric.attaches;
      one.detaches = metric.detaches;
      one.starts_expired = metric.starts_expired;
      one.before = metric.before;
      one.totals = metric.totals();
      one.fuse = metric.fuse;
      one.meter = metric.meter;
      one.trips = metric.trips;
      one.problem = metric.problem;
      for (const auto& [reason, count] : metric.attach_errors) {
        one.attach_errors.emplace_back(static_cast<std::uint32_t>(reason), count);
      }
    }
  }
  attacher_.save(state);
  if (!std::exchange(is_shared_kept_, true)) {
    for (const plan::Handle& handle : backend_.handles()) {
      memory_->keep(shared_prefix + handle.name, handle.fd);
    }
  }
  memory_->remember(state);
}

plan::Adopted Engine::shared_of(Inheritance& inheritance) {
  return {inheritance.take_all(shared_prefix), inheritance.state.shared_notes};
}

void Engine::inherit(const std::shared_ptr<const spec::Config>& config, Inheritance& inheritance,
                     Time now) {
  is_inheriting_ = true;
  next_number_ = inheritance.state.next_number;
  records_lost_ = inheritance.state.records_lost;
  targets_.reserve(config->targets.size());
  for (const spec::Target& target : config->targets) {
    const auto saved =
        std::ranges::find(inheritance.state.targets, target.name, &SavedTarget::name);
    const bool is_known = saved != inheritance.state.targets.end();
    TargetState& state = targets_.emplace_back(std::shared_ptr<const spec::Target>(config, &target),
                                               is_known ? saved->number : next_number_++);
    for (const spec::Metric& metric : target.metrics) {
      const std::shared_ptr<const spec::Metric> owned(config, &metric);
      SavedMetric* before = nullptr;
      if (is_known) {
        const auto found =
            std::ranges::find(saved->metrics, metric.fingerprint, &SavedMetric::fingerprint);
        if (found != saved->metrics.end()) before = &*found;
      }
      MetricState& added =
          state.metrics.emplace_back(owned, before != nullptr ? before->number : next_number_++);
      if (before == nullptr) continue;
      inherit_metric(state, added, *before, inheritance);
      before->fingerprint.clear();  // taken: another of the same text begins anew
    }
    if (is_known) inherit_images(state, *saved, now);
  }
  attacher_.adopt(inheritance);
  inherit_judgements(now);
}

void Engine::inherit_metric(TargetState& target, MetricState& metric, const SavedMetric& saved,
                            Inheritance& inheritance) {
  if (!metric.series.restore(saved.series)) return;
  metric.attaches = saved.attaches;
  metric.detaches = saved.detaches;
  metric.starts_expired = saved.starts_expired;
  metric.before = saved.totals;
  metric.fuse = saved.fuse;
  metric.meter = saved.meter;
  metric.trips = saved.trips;
  metric.problem = saved.problem;
  for (const auto& [reason, count] : saved.attach_errors) {
    metric.attach_errors[static_cast<Errc>(reason)] = count;
  }
  plan::Adopted adopted{inheritance.take_all(metric.kept_as()), saved.notes};
  std::vector<std::string> names;
  for (const auto& [name, fd] : adopted.handles) names.push_back(metric.kept_as() + name);
  auto program = backend_.adopt(target.number, metric.metric, std::move(adopted));
  if (program) {
    metric.program = std::move(*program);
    metric.before = saved.before;
    metric.program->forget_keys(saved.forgotten);
    metric.is_kept = true;
    return;
  }
  // Its maps will begin at zero.
  metric.series.restart();
  metric.meter.restart();
  for (const std::string& name : names) static_cast<void>(memory_->keeper().let_go(name));
  if (saved.notes.empty()) return;  // it had none, or none that can be handed over
  log_.info("a metric's program is loaded anew, its counts go on",
            {{"metric", metric.metric.name}, {"reason", program.error().message}});
}

/// The program goes, and with it what is kept of it for the next daemon.
void Engine::let_go(MetricState& metric) {
  if (memory_ == nullptr || !std::exchange(metric.is_kept, false)) return;
  for (const plan::Handle& handle : metric.program->handles()) {
    static_cast<void>(memory_->keeper().let_go(metric.kept_as() + handle.name));
  }
}

/// The image of a process that was known to the daemon before: alive, and the same program, or over
/// since.
ImagePtr Engine::inherited_image(proc::Process process, Time now) {
  const auto alive = procfs_.read(process.id.pid);
  if (alive && alive->id == process.id && alive->exe == process.exe) {
    return table_.saw(*alive, to_nanoseconds(now));
  }
  auto image = std::make_shared<proc::Image>();
  image->pid = process.id.pid;
  image->ended = to_nanoseconds(now);
  image->is_complete = true;
  image->facts = std::make_shared<const proc::Process>(std::move(process));
  return image;
}

void Engine::inherit_images(TargetState& target, const SavedTarget& saved, Time now) {
  for (const SavedImage& one : saved.images) {
    proc::Process process;
    process.id = one.id;
    process.exe = one.exe;
    process.comm = one.comm;
    process.uid = one.uid;
    process.user = one.user;
    process.placement = one.placement;
    const ImagePtr image = inherited_image(std::move(process), now);
    image->maps_traced_file = true;
    target.roster.bind(one.key, image, one.is_member);
    if (image->ended) continue;
    if (one.is_member) target.roster.join(image);
    // The kernel knows, unless its maps are new.
    const Status judged = backend_.judge(
        target.number, one.key, one.is_member ? plan::Verdict::member : plan::Verdict::foreign);
    if (!judged) {
      log_.warn("process not announced to the kernel", {{"error", judged.error().message}});
    }
  }
  have_some_ended_ = true;
}

/// Judgements that the state does not speak of: they were made after it was written, or are of
/// targets that are asked for no more.
void Engine::inherit_judgements(Time now) {
  const auto judgements = backend_.judgements();
  if (!judgements) {
    log_.error("cannot read who was judged", {{"error", judgements.error().message}});
    return;
  }
  for (const plan::Judgement& judgement : *judgements) {
    const auto target = std::ranges::find(targets_, judgement.target, &TargetState::number);
    if (target == targets_.end()) {
      backend_.forget(judgement.target, judgement.image);
      continue;
    }
    if (target->roster.is_bound(judgement.image)) continue;
    proc::Process process;
    if (auto alive = procfs_.read(judgement.image.pid)) process = std::move(*alive);
    process.id.pid = judgement.image.pid;
    const bool is_member = judgement.verdict == plan::Verdict::member;
    target->roster.bind(judgement.image, inherited_image(std::move(process), now), is_member);
  }
}

}  // namespace sdt::daemon
