// Engine: from the kernel's maps to series.
//
// The order matters. The maps are read first; then the newcomers, so that every key in them has
// been introduced; then the records, which by then tell of every process that could have fired.
#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "daemon/engine.h"

namespace sdt::daemon {

using proc::ImagePtr;

bool Engine::drain(Time now) {
  arrivals_ = 0;
  bool has_failed = false;
  bool has_read = false;
  take_records(now);
  make_up_for_losses(now);  // before anything is read: it may add up itself
  delete_forgotten();       // a key that is forgotten, but read again, would count as a new one
  struct Reading {
    TargetState& target;
    MetricState& metric;
    Samples samples;
    Tally tally;
  };
  std::vector<Reading> readings;
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) {
      if (!metric.program) {
        readings.push_back({target, metric, {}, {}});  // its series end with their processes still
      } else if (auto reading = metric.read()) {
        has_read = true;
        readings.push_back(
            {target, metric, std::move(reading->samples), std::move(reading->tally)});
      } else {
        has_failed = true;
        report_unread(target, metric, reading.error());
      }
    }
  }
  introduce(now);
  for (Reading& reading : readings) {
    add_up(reading.target, reading.metric, reading.samples, std::move(reading.tally), now);
  }
  delete_forgotten();
  remember();
  const bool ended = std::exchange(have_some_ended_, false);
  for (TargetState& target : targets_) {
    if (ended) expire_starts(target);
    for (const ImageKey& key : target.roster.forget_ended_before(now)) {
      backend_.forget(target.number, key);
    }
  }
  table_.forget_ended_before(to_nanoseconds(now));
  follow(now);  // what the records asked for
  return !has_failed || has_read;
}

/// Frees the maps' entries that nobody will ask for again: after it is remembered what was in them,
/// so that the next daemon neither loses nor repeats it.
void Engine::delete_forgotten() {
  const bool has_some = std::ranges::any_of(targets_, [](const TargetState& target) {
    return std::ranges::any_of(target.metrics,
                               [](const MetricState& metric) { return !metric.forgotten.empty(); });
  });
  if (!has_some) return;
  remember();
  bool did_delete = false;
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) {
      if (metric.forgotten.empty() || !metric.program) continue;
      metric.program->forget_keys(std::exchange(metric.forgotten, {}));
      did_delete = true;
    }
  }
  if (did_delete) remember();
}

/// Finds out who has fired for the first time since the previous drain.
void Engine::introduce(Time now) {
  auto newcomers = backend_.newcomers();
  if (!newcomers) {
    log_.error("cannot read who has fired", {{"error", newcomers.error().message}});
    return;
  }
  take_records(now);
  // The youngest of a pid is what /proc shows; what came before it is what was known.
  std::ranges::sort(*newcomers, std::greater<>(), &plan::Newcomer::first_event);
  for (const plan::Newcomer& newcomer : *newcomers) {
    const auto found = std::ranges::find(targets_, newcomer.target, &TargetState::number);
    if (found == targets_.end()) {  // of a target that is no more
      backend_.dismiss(newcomer.target, newcomer.image);
      continue;
    }
    TargetState& target = *found;
    if (target.roster.is_bound(newcomer.image)) {
      // Its judgement and its first event crossed each other.
      backend_.dismiss(newcomer.target, newcomer.image);
    } else {
      bind(target, newcomer.image, newcomer.first_event, &newcomer);
    }
  }
}

/// The same of one image alone.
void Engine::introduce(TargetState& target, const ImagePtr& image) {
  const auto newcomers = backend_.newcomers();
  if (!newcomers) return;  // the next drain says so
  for (const plan::Newcomer& newcomer : *newcomers) {
    if (newcomer.target != target.number || target.roster.is_bound(newcomer.image)) continue;
    if (table_.at(newcomer.image.pid, newcomer.first_event) != image) continue;
    bind(target, newcomer.image, newcomer.first_event, &newcomer);
  }
}

/// Decides about the image that ran as this pid at a moment, if that can be told.
void Engine::bind(TargetState& target, const ImageKey& key, std::uint64_t when,
                  const plan::Newcomer* noted) {
  ImagePtr image = table_.at(key.pid, when);
  const bool is_reported = records_ != nullptr || image != table_.current(key.pid);
  if (!image || !is_reported) {
    const auto process = procfs_.read(key.pid);
    if (process) image = saw(*process, when);
  }
  if (!image) return;
  // clone3() may have put a child elsewhere than its parent.
  const bool needs_own_place = image->is_inherited && plan::asks_for_placement(target.target);
  if (needs_own_place && !complete(image) && noted != nullptr) take_note(image, *noted);
  Belongs belongs = judge_at(target, image, when);
  const bool needs_facts = belongs == Belongs::unknown ||
                           (belongs == Belongs::yes && plan::asks_for_facts(target.target));
  if (needs_facts && !image->is_complete && !complete(image) && noted != nullptr) {
    const Belongs by_note = judge_by_note(target, image, *noted);
    if (belongs == Belongs::unknown) belongs = by_note;
  }
  if (belongs == Belongs::unknown) return;
  const bool is_member = belongs == Belongs::yes;
  target.roster.bind(key, image, is_member);
  if (is_member && !image->ended) target.roster.join(image);
  if (!is_member && target.roster.is_member(image)) {  // it was taken for what its parent is
    target.roster.leave(image->pid);
    attacher_.left(target, image->pid);
  }
  image->maps_traced_file = true;
  if (image->ended) return;  // it fires no more
  const Status judged = backend_.judge(target.number, key,
                                       is_member ? plan::Verdict::member : plan::Verdict::foreign);
  // Not fatal: its events go on being recorded under the image and are classified at each drain.
  if (!judged) {
    log_.warn("process not announced to the kernel", {{"error", judged.error().message}});
  }
}

/// What the kernel noted of an image that was gone before anybody could look. False: not where it
/// ran, because its control group is of a legacy hierarchy, or was gone before we could know it.
bool Engine::take_note(const ImagePtr& image, const plan::Newcomer& noted) {
  auto facts = std::make_shared<proc::Process>(*image->facts);
  facts->uid = noted.uid;
  facts->user = proc::Procfs::user_name(noted.uid);
  const auto group = cgroups_.path_of(noted.cgroup);
  // Without a group a forked child is taken to be where its parent is.
  if (group) facts->placement = procfs_.placement_of(*group);
  image->facts = std::move(facts);
  return group || image->is_inherited;
}

/// What cannot be told is not foreign: its events are lost, and counted as such.
Engine::Belongs Engine::judge_by_note(const TargetState& target, const ImagePtr& image,
                                      const plan::Newcomer& noted) {
  const bool is_placed = take_note(image, noted);
  if (image->facts->exe.empty() || plan::asks_for_arguments(target.target)) return Belongs::unknown;
  if (plan::belongs(target.target, *image->facts)) return Belongs::yes;
  return is_placed || !plan::selects_by_placement(target.target) ? Belongs::no : Belongs::unknown;
}

void Engine::drain_metric(TargetState& target, MetricState& metric, Time now) {
  if (!metric.program) return;
  delete_forgotten();
  auto reading = metric.read();
  if (!reading) return report_unread(target, metric, reading.error());
  add_up(target, metric, reading->samples, std::move(reading->tally), now);
}

void Engine::report_unread(const TargetState& target, const MetricState& metric,
                           const Error& error) {
  // The maps keep counting; what is missed now is in the next reading.
  log_.error("cannot read a metric's maps",
             {{"metric", fmt::format("{}/{}", target.target.name, metric.metric.name)},
              {"error", error.message}});
}

void Engine::add_up(TargetState& target, MetricState& metric, const Samples& samples, Tally tally,
                    Time now) {
  metric.series.apply(
      samples, [&](const ImageKey& key) { return classify(target, key, now); }, now);
  metric.forgotten = metric.series.expire(now);
  metric.tally = std::move(tally);
  metric.probes = samples.probes;
}

metrics::ProcessView Engine::classify(TargetState& target, const ImageKey& key, Time now) {
  using Standing = metrics::ProcessView::Standing;
  if (auto known = target.roster.view(key)) return std::move(*known);
  // Nobody introduced it (there was no room): it is taken for the one that runs now.
  if (table_.current(key.pid)) bind(target, key, to_nanoseconds(now), nullptr);
  if (auto known = target.roster.view(key)) return std::move(*known);
  const auto process = procfs_.read(key.pid);
  const bool may_still_tell =
      process || (process.error().code != Errc::gone && process.error().code != Errc::permission &&
                  process.error().code != Errc::unsupported);
  return {may_still_tell ? Standing::unknown : Standing::gone, {}, std::nullopt};
}

/// Starts of processes that are no more will never be ended.
void Engine::expire_starts(TargetState& target) {
  for (MetricState& metric : target.metrics) {
    if (!metric.program) continue;
    metric.starts_expired += metric.program->expire_starts([&](const ImageKey& key) {
      if (const auto view = target.roster.view(key)) {
        if (view->standing == metrics::ProcessView::Standing::member)
          return view->ended.has_value();
      }
      const auto id = procfs_.identify(key.pid);  // it may be younger than what is known
      return !id && id.error().code == Errc::gone;
    });
  }
}

metrics::Snapshot Engine::snapshot() const {
  metrics::Snapshot snapshot;
  for (const TargetState& target : targets_) {
    for (const MetricState& metric : target.metrics)
      snapshot.metrics.push_back(metric.series.collect());
  }
  return snapshot;
}

}  // namespace sdt::daemon
