// Engine::self_metrics: what the engine knows about itself, as values.
#include <string>
#include <utility>

#include <fmt/format.h>

#include "daemon/engine.h"

namespace sdt::daemon {
namespace {

std::string text_of(const ProbeName& probe) {
  return probe.provider + ":" + probe.name;
}

/// In name order, whether a probe is attached now or only has been. A pattern may match more probes
/// than the program counts apart: the first ones have series of their own, the rest is
/// `other:other` for sites as it is for hits.
std::vector<metrics::SelfMetrics::Probe> probes_of(const MetricState& metric) {
  constexpr std::size_t most_named = 1023;
  std::map<std::string, metrics::SelfMetrics::Probe> probes;
  const auto of = [&](const ProbeName& probe) -> metrics::SelfMetrics::Probe& {
    const std::string name = text_of(probe);
    return probes.size() < most_named || probes.contains(name) ? probes[name]
                                                               : probes["other:other"];
  };
  // Hits first, whose order is that of their first attachment: who is named does not change.
  for (std::size_t i = 0; i < metric.probes.size() && i < metric.tally.hits.size(); ++i) {
    of(metric.probes[i]).hits += metric.tally.hits[i];
  }
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

metrics::SelfMetrics::Metric self_metrics_of(const MetricState& metric) {
  metrics::SelfMetrics::Metric self;
  self.name = metric.metric.name;
  self.attached = metric.is_attached();
  self.probes = probes_of(metric);
  self.attaches = metric.attaches;
  self.detaches = metric.detaches;
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
    shown.processes = target.roster.running().size();
    shown.waiting = target.is_waiting();
    for (const MetricState& metric : target.metrics)
      shown.metrics.push_back(self_metrics_of(metric));
  }
  self.attach_delay = attacher_.attach_delay();
  self.watches_by_records = records_ != nullptr;
  self.records_lost = records_lost_;
  return self;
}

std::string Engine::targets_text() const {
  std::string text;
  for (const TargetState& target : targets_) {
    text +=
        fmt::format("{}: {}, {} processes\n", target.target.name,
                    target.is_waiting() ? "waiting" : "counting", target.roster.running().size());
    for (const MetricState& metric : target.metrics) {
      text += fmt::format("  {}: {}\n", metric.metric.name,
                          metric.state_of(target.roster.running().empty()));
      for (const auto& [id, file] : metric.files) {
        text += fmt::format("    {}\n", file.path);
        for (const std::string& why : file.refused) {
          text += fmt::format("      not attached: {}\n", why);
        }
      }
    }
  }
  return text;
}

}  // namespace sdt::daemon
