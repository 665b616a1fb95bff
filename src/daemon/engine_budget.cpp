// Engine: what tracing costs, and what is done when it costs too much.
//
// A metric that trips is detached at once; its program and maps stay until the last of its links is
// closed, are read once more, and then go. They must not be attached again: a start that they still
// hold would find an end that belongs to another.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/engine.h"

namespace sdt::daemon {
namespace {

/// The kernel measures runs from one check to the next, and then not for so long.
constexpr std::chrono::seconds sample_interval{60};
/// A program that is attached nowhere is soon wanted again, or not for long.
constexpr std::chrono::seconds longest_unused{10};

}  // namespace

unsigned Engine::online_cpus() {
  return static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

void Engine::check_budget(Time now) {
  std::vector<Measured> measured;
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) {
      measure(target, metric, backend_.trap_cost(), measured);
    }
  }
  const auto since = std::exchange(budget_checked_, now);
  bool has_changed = false;
  if (since) has_changed = trip_breakers(measured, now - *since, now);
  take_sample(measured, now);
  has_changed |= unload_unused(now);
  has_changed |= retry_tripped(now);
  if (!has_changed) return;
  attacher_.look_again();
  settle(now);
}

void Engine::measure(TargetState& target, MetricState& metric, std::chrono::nanoseconds trap_cost,
                     std::vector<Measured>& into) {
  if (!metric.program || (metric.files.empty() && !metric.fuse.trip)) return;
  auto tally = metric.program->tally();
  if (!tally) return;  // the drain says so
  const auto charge = metric.meter.charge(*tally, trap_cost);
  into.push_back({&target, &metric, charge, std::move(*tally)});
}

bool Engine::trip_breakers(const std::vector<Measured>& measured, std::chrono::nanoseconds period,
                           Time now) {
  bool has_tripped = false;
  for (TargetState& target : targets_) {
    std::vector<plan::Load> loads;
    std::vector<MetricState*> metrics;
    for (const Measured& one : measured) {
      if (one.target != &target || one.metric->fuse.trip) continue;
      loads.push_back({&one.metric->fuse, one.charge.hits, one.charge.cost});
      metrics.push_back(one.metric);
    }
    const auto tripped =
        target.breaker.observe(target.target.budget, loads, period, online_cpus(), now);
    if (!tripped) continue;
    has_tripped = true;
    MetricState& metric = *metrics[*tripped];
    ++metric.trips;
    metric.state = metric.state_of(target.roster.running().empty());
    const auto pause = (metric.fuse.trip->retry_at - now) / std::chrono::seconds(1);
    log_.warn("metric tripped, it is detached for a while", {{"target", target.target.name},
                                                             {"metric", metric.metric.name},
                                                             {"reason", metric.fuse.trip->reason},
                                                             {"seconds", std::to_string(pause)}});
  }
  return has_tripped;
}

/// Has the kernel measure for a second what the programs take, every minute, and as soon as a
/// metric fires for the first time.
void Engine::take_sample(const std::vector<Measured>& measured, Time now) {
  if (is_sampling_) {
    const bool is_own = !backend_.are_runs_measured();
    for (const Measured& one : measured) one.metric->meter.end_sample(one.tally, is_own);
    run_measurement_ = UniqueFd();
    is_sampling_ = false;
    next_sample_ = now + sample_interval;
    return;
  }
  const bool is_wanted = std::ranges::any_of(
      measured, [](const Measured& one) { return one.metric->meter.wants_sample(); });
  if (!is_wanted && now < next_sample_) return;
  if (!backend_.are_runs_measured()) {
    if (is_measuring_refused_) return;
    auto measurement = backend_.measure_runs();
    if (!measurement) {
      is_measuring_refused_ = true;
      log_.debug("what BPF programs take is assumed and not measured",
                 {{"error", measurement.error().message}});
      return;
    }
    run_measurement_ = std::move(*measurement);
  }
  is_sampling_ = true;
  for (const Measured& one : measured) one.metric->meter.begin_sample(one.tally);
}

/// Metrics that tripped, or whose last file went a while ago, and whose links are closed by now:
/// nothing will count in their maps again.
bool Engine::unload_unused(Time now) {
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) {
      const bool is_unused =
          metric.program && metric.files.empty() && !attacher_.is_closing(metric);
      if (!is_unused) {
        metric.unused_since.reset();
      } else if (!metric.unused_since) {
        metric.unused_since = now;
      }
    }
  }
  const auto is_over = [&](const MetricState& metric) {
    return metric.unused_since &&
           (metric.fuse.trip || now - *metric.unused_since >= longest_unused);
  };
  const bool are_some_over = std::ranges::any_of(targets_, [&](const TargetState& target) {
    return std::ranges::any_of(target.metrics, is_over);
  });
  if (!are_some_over) return false;
  drain(now);
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) {
      if (is_over(metric) && metric.program && metric.files.empty()) unload(metric);
    }
  }
  // What reading and loading hundreds of programs took is not wanted again soon.
  malloc_trim(0);
  return true;
}

/// Drops program and maps once they have been read for the last time; everything counts on from
/// where it is.
void Engine::unload(MetricState& metric) {
  metric.starts_expired += metric.program->expire_starts([](const ImageKey&) { return true; });
  metric.before = metric.totals();
  metric.tally = {};
  metric.probes.clear();
  metric.meter.restart();
  metric.series.restart();
  metric.forgotten.clear();
  let_go(metric);
  metric.program.reset();
}

bool Engine::retry_tripped(Time now) {
  bool is_any = false;
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) {
      if (metric.program || !plan::retry(metric.fuse, now)) continue;
      is_any = true;
      log_.info("a tripped metric is tried again",
                {{"target", target.target.name}, {"metric", metric.metric.name}});
    }
  }
  return is_any;
}

}  // namespace sdt::daemon
