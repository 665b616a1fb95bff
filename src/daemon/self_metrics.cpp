// Engine::self_metrics: what the engine knows about itself, as values.
#include <utility>

#include "daemon/engine.h"

namespace sdt::daemon {
namespace {

std::string text_of(const ProbeName& probe) {
  return probe.provider + ":" + probe.name;
}

std::vector<metrics::SelfMetrics::Probe> probes_of(const MetricState& metric) {
  // In name order, whether a probe is attached now or only has been.
  std::map<std::string, metrics::SelfMetrics::Probe> probes;
  for (const auto& [id, file] : metric.files) {
    for (const auto& [probe, count] : file.sites) probes[text_of(probe)].sites += count;
  }
  for (std::size_t i = 0; i < metric.probes.size() && i < metric.tally.hits.size(); ++i) {
    probes[text_of(metric.probes[i])].hits = metric.tally.hits[i];
  }
  std::vector<metrics::SelfMetrics::Probe> found;
  found.reserve(probes.size());
  for (auto& [name, probe] : probes) {
    probe.name = name;
    found.push_back(std::move(probe));
  }
  return found;
}

metrics::SelfMetrics::Metric self_metrics_of(const MetricState& metric) {
  metrics::SelfMetrics::Metric self;
  self.name = metric.metric.name;
  self.attached = metric.is_attached();
  self.probes = probes_of(metric);
  self.attaches = metric.attaches;
  self.attach_errors = metric.attach_errors;
  for (std::size_t i = 0; i < loss_reason_count; ++i) self.lost[i] = metric.tally.lost[i];
  self.lost[static_cast<std::size_t>(LossReason::unclassified)] += metric.series.unclassified();
  self.lost[static_cast<std::size_t>(LossReason::start_expired)] += metric.starts_expired;
  self.series = metric.series.series_count();
  self.series_limit = metric.metric.max_series;
  self.folded = metric.series.folded();
  self.filtered = metric.tally.filtered + metric.series.filtered();
  self.foreign_hits = metric.tally.foreign + metric.series.foreign();
  self.strings_cut = metric.tally.strings_cut;
  if (metric.tally.run_nanoseconds != 0) self.run_nanoseconds = metric.tally.run_nanoseconds;
  return self;
}

}  // namespace

metrics::SelfMetrics Engine::self_metrics() const {
  metrics::SelfMetrics self;
  for (const TargetState& target : targets_) {
    metrics::SelfMetrics::Target& shown = self.targets.emplace_back();
    shown.name = target.target.name;
    shown.processes = target.members.running().size();
    for (const MetricState& metric : target.metrics)
      shown.metrics.push_back(self_metrics_of(metric));
  }
  self.attach_delay = attach_delay_;
  return self;
}

}  // namespace sdt::daemon
