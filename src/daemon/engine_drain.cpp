// Engine: from the kernel's maps to series.
//
// The order matters. The maps are read first; then the newcomers, so that every key in them has
// been introduced; then the records, which by then tell of every process that could have fired.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/engine.h"

namespace sdt::daemon {

using proc::ImagePtr;

bool Engine::drain(Time now) {
  arrivals_ = 0;
  take_records(now);
  make_up_for_losses(now);  // before anything is read: it may add up itself
  delete_forgotten();       // a key that is forgotten, but read again, would count as a new one
  Readings readings;
  for (TargetState& target : targets_) read(target, readings);
  introduce(now);
  add_up(readings, now);
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
  return !readings.has_failed || readings.has_read;
}

/// The same of one target, in between: somebody changes sides.
void Engine::drain(TargetState& target, Time now) {
  delete_forgotten();
  Readings readings;
  read(target, readings);
  introduce(now);  // whoever else is in the maps, some of them gone by now
  add_up(readings, now);
}

void Engine::read(TargetState& target, Readings& into) {
  for (MetricState& metric : target.metrics) {
    if (!metric.program) {
      into.all.push_back({target, metric, {}});  // its series end with their processes still
    } else if (auto reading = metric.read()) {
      into.has_read = true;
      into.all.push_back({target, metric, std::move(*reading)});
    } else {
      into.has_failed = true;
      report_unread(target, metric, reading.error());
    }
  }
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

void Engine::report_unread(const TargetState& target, const MetricState& metric,
                           const Error& error) {
  // The maps keep counting; what is missed now is in the next reading.
  log_.error("cannot read a metric's maps",
             {{"metric", fmt::format("{}/{}", target.target.name, metric.metric.name)},
              {"error", error.message}});
}

void Engine::add_up(Readings& readings, Time now) {
  for (auto& [target, metric, what] : readings.all) {
    metric.series.apply(
        what.samples,
        [this, &target = target, now](const ImageKey& key) { return classify(target, key, now); },
        now);
    metric.forgotten = metric.series.expire(now);
    metric.tally = std::move(what.tally);
    metric.probes = std::move(what.samples.probes);
    metric.note_pace(now);
  }
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
