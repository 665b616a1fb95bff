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
