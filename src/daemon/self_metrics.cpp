// Engine::self_metrics: what the engine knows about itself, as values.
#include <algorithm>
#include <string>
#include <utility>

#include "daemon/engine.h"

namespace sdt::daemon {
namespace {

std::string text_of(const ProbeName& probe) {
  return probe.provider + ":" + probe.name;
}

/// In name order, whether a probe is attached now or only has been. A pattern may match more probes
/// than the program counts apart: the first ones have series of their own, the rest is
/// `other:other` for sites as it is for hits.
std::vector<metrics::SelfMetrics::Probe> probes_of(const MetricState& metric,
                                                   const Totals& totals) {
  constexpr std::size_t most_named = 1023;
  std::map<std::string, metrics::SelfMetrics::Probe> probes;
  const auto of = [&](const ProbeName& probe) -> metrics::SelfMetrics::Probe& {
    const std::string name = text_of(probe);
    return probes.size() < most_named || probes.contains(name) ? probes[name]
                                                               : probes["other:other"];
  };
  // Hits first, which the program counts apart for the first probes that were attached.
  for (const auto& [probe, hits] : totals.hits) of(probe).hits += hits;
  for (const auto& [id, file] : metric.files) {
    for (const auto& [probe, count] : file.sites) of(probe).sites += count;
  }
  std::vector<metrics::SelfMetrics::Probe> found;
  found.reserve(probes.size());
  for (auto& [name, probe] : probes) {
    probe.name = name;
    found.push_back(std::move(probe));
  }
  return found;
}

}  // namespace

metrics::SelfMetrics::Metric Engine::self_metrics_of(const TargetState& target,
                                                     const MetricState& metric) const {
  const Totals totals = metric.totals();
  metrics::SelfMetrics::Metric self;
  self.name = metric.metric.name;
  self.attached = metric.is_attached();
  self.state = metric.state_of(target.roster.running().empty());
  self.probes = probes_of(metric, totals);
  self.attaches = metric.attaches;
  self.detaches = metric.detaches;
  self.attach_errors = metric.attach_errors;
  for (std::size_t i = 0; i < loss_reason_count; ++i) self.lost[i] = totals.lost[i];
  self.lost[static_cast<std::size_t>(LossReason::unclassified)] += metric.series.unclassified();
  self.lost[static_cast<std::size_t>(LossReason::start_expired)] += metric.starts_expired;
  self.series = metric.series.series_count();
  self.series_limit = metric.metric.max_series;
  self.folded = metric.series.folded();
  self.filtered = totals.filtered + metric.series.filtered();
  self.foreign_hits = totals.foreign + metric.series.foreign();
  self.strings_cut = totals.strings_cut;
  if (backend_.are_runs_measured()) self.run_nanoseconds = totals.run_nanoseconds;
  self.tripped = metric.fuse.trip.has_value();
  self.trips = metric.trips;
  self.overhead_nanoseconds = static_cast<std::uint64_t>(metric.meter.spent().count());
  return self;
}

metrics::SelfMetrics Engine::self_metrics() const {
  metrics::SelfMetrics self;
  for (const TargetState& target : targets_) {
    metrics::SelfMetrics::Target& shown = self.targets.emplace_back();
    shown.name = target.target.name;
    shown.processes = target.roster.running().size();
    shown.waiting = target.is_waiting();
    for (const MetricState& metric : target.metrics)
      shown.metrics.push_back(self_metrics_of(target, metric));
  }
  self.attach_delay = attacher_.attach_delay();
  self.watches_by_records = records_ != nullptr;
  self.records_lost = records_lost_;
  return self;
}

}  // namespace sdt::daemon
