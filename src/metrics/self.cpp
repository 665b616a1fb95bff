#include "metrics/self.h"

#include <cstddef>
#include <utility>

namespace sdt::metrics {
namespace {

using namespace std::chrono_literals;
using Target = SelfMetrics::Target;
using Metric = SelfMetrics::Metric;
using Probe = SelfMetrics::Probe;
using spec::MetricType;

constexpr double nanosecond = 1e-9;
using Picoseconds = std::chrono::duration<std::int64_t, std::pico>;

MetricSnapshot family(MetricType type, const std::string& name, std::string help,
                      double scale = 1) {
  return {"sdt_exporter_" + name, std::move(help), type, scale, {}, {}};
}

/// Label names are given in alphabetical order.
void add(MetricSnapshot& to, LabelSet labels, Int128 value) {
  to.series.push_back({std::move(labels), value});
}

LabelSet labels_of(const Target& target, const Metric& metric) {
  return {{"metric", metric.name}, {"target", target.name}};
}

/// A family with one series for each metric of each target.
template <class Value>
MetricSnapshot per_metric(const SelfMetrics& self, MetricSnapshot into, Value value) {
  for (const Target& target : self.targets) {
    for (const Metric& metric : target.metrics) {
      add(into, labels_of(target, metric), Int128{value(metric)});
    }
  }
  return into;
}

/// A family with one series for each probe of each metric.
template <class Value>
MetricSnapshot per_probe(const SelfMetrics& self, MetricSnapshot into, Value value) {
  for (const Target& target : self.targets) {
    for (const Metric& metric : target.metrics) {
      for (const Probe& probe : metric.probes) {
        add(into, {{"metric", metric.name}, {"probe", probe.name}, {"target", target.name}},
            Int128{value(probe)});
      }
    }
  }
  return into;
}

LabelSet with_reason(const Target& target, const Metric& metric, std::string_view reason) {
  return {{"metric", metric.name}, {"reason", std::string(reason)}, {"target", target.name}};
}

MetricSnapshot target_processes(const SelfMetrics& self) {
  MetricSnapshot into =
      family(MetricType::gauge, "target_processes", "Running processes that belong to the target.");
  for (const Target& target : self.targets) {
    add(into, {{"target", target.name}}, Int128{target.processes});
  }
  return into;
}

MetricSnapshot target_waiting(const SelfMetrics& self) {
  MetricSnapshot into =
      family(MetricType::gauge, "target_waiting",
             "1 while no metric of the target is attached: processes or probes are not there yet.");
  for (const Target& target : self.targets) {
    add(into, {{"target", target.name}}, Int128{target.waiting ? 1 : 0});
  }
  return into;
}

/// Every reason is there from the start, at 0: an increase() over it sees the first event.
MetricSnapshot attach_errors(const SelfMetrics& self) {
  MetricSnapshot into = family(MetricType::counter, "attach_errors_total",
                               "Attempts to attach a metric that failed, by reason.");
  for (const Target& target : self.targets) {
    for (const Metric& metric : target.metrics) {
      for (const Errc code : all_error_codes) {
        const auto found = metric.attach_errors.find(code);
        const std::uint64_t count = found == metric.attach_errors.end() ? 0 : found->second;
        add(into, with_reason(target, metric, to_string(code)), Int128{count});
      }
    }
  }
  return into;
}

MetricSnapshot events_lost(const SelfMetrics& self) {
  MetricSnapshot into = family(MetricType::counter, "events_lost_total",
                               "Events that fired and are in no series, by reason.");
  for (const Target& target : self.targets) {
    for (const Metric& metric : target.metrics) {
      for (std::size_t i = 0; i < loss_reason_count; ++i) {
        const std::string_view reason = to_string(static_cast<LossReason>(i));
        add(into, with_reason(target, metric, reason), Int128{metric.lost[i]});
      }
    }
  }
  return into;
}

MetricSnapshot program_run_seconds(const SelfMetrics& self) {
  MetricSnapshot into = family(MetricType::counter, "program_run_seconds_total",
                               "Time spent in the metric's BPF program, as the kernel measures it "
                               "while kernel.bpf_stats_enabled is 1.",
                               nanosecond);
  for (const Target& target : self.targets) {
    for (const Metric& metric : target.metrics) {
      if (metric.run_nanoseconds) {
        add(into, labels_of(target, metric), Int128{*metric.run_nanoseconds});
      }
    }
  }
  return into;
}

MetricSnapshot single(MetricSnapshot into, Int128 value, LabelSet labels = {}) {
  add(into, std::move(labels), value);
  return into;
}

/// In picoseconds, because values are integers.
MetricSnapshot hit_cost(const SelfMetrics& self) {
  constexpr double picosecond = 1e-12;
  MetricSnapshot into =
      family(MetricType::gauge, "hit_cost_seconds",
             "What the kernel takes for one hit, measured at start with a program "
             "that does nothing.",
             picosecond);
  if (self.hit_cost) {
    add(into, {}, Int128{std::chrono::duration_cast<Picoseconds>(*self.hit_cost).count()});
  }
  return into;
}

MetricSnapshot timestamp(const std::string& name, std::string help,
                         const std::optional<SelfMetrics::WallTime>& time) {
  MetricSnapshot into = family(MetricType::gauge, name, std::move(help), nanosecond);
  if (time) add(into, {}, Int128{time->time_since_epoch().count()});
  return into;
}

void append_metrics(const SelfMetrics& self, std::vector<MetricSnapshot>& all) {
  const auto counter = [&](const char* name, const char* help, auto member) {
    all.push_back(per_metric(self, family(MetricType::counter, name, help),
                             [member](const Metric& metric) { return metric.*member; }));
  };
  const auto gauge = [&](const char* name, const char* help, auto member) {
    all.push_back(per_metric(self, family(MetricType::gauge, name, help),
                             [member](const Metric& metric) { return metric.*member; }));
  };
  gauge("metric_attached",
        "1 while every probe that the metric needs is attached somewhere, else 0.",
        &Metric::attached);
  counter("attaches_total", "Successful attachments of the metric to the sites of a file.",
          &Metric::attaches);
  counter("detaches_total", "Times the metric was detached from a file.", &Metric::detaches);
  all.push_back(attach_errors(self));
  all.push_back(events_lost(self));
  counter("events_filtered_total", "Events that the metric's `where` refused.", &Metric::filtered);
  counter("events_folded_total",
          "Events counted in the series whose labels read other, for lack of room for their own.",
          &Metric::folded);
  counter("foreign_hits_total",
          "Hits of the metric's probes by processes known not to belong to the target.",
          &Metric::foreign_hits);
  counter("strings_cut_total", "Label strings that were longer than recorded.",
          &Metric::strings_cut);
  gauge("series", "Label sets of the metric, the series other not counted.", &Metric::series);
  gauge("series_limit", "Label sets that the metric may have.", &Metric::series_limit);
  all.push_back(program_run_seconds(self));
  all.push_back(per_metric(
      self,
      family(MetricType::counter, "overhead_seconds_total",
             "CPU time that hits of the metric's probes took, an estimate: hits times their cost.",
             nanosecond),
      [](const Metric& metric) { return metric.overhead_nanoseconds; }));
  gauge("budget_tripped",
        "1 while the metric is detached because its target is over its budget, else 0.",
        &Metric::tripped);
  counter("budget_trips_total", "Times the metric was detached for that.", &Metric::trips);
}

}  // namespace

SelfMetrics::SelfMetrics()
    : attach_delay(
          {1ms, 2500us, 5ms, 10ms, 20ms, 50ms, 100ms, 250ms, 500ms, 1s, 2500ms, 5s, 10s, 30s, 60s}),
      drain_duration({100us, 250us, 500us, 1ms, 2500us, 5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms,
                      1s, 2500ms, 5s}) {}

std::vector<MetricSnapshot> collect(const SelfMetrics& self) {
  std::vector<MetricSnapshot> all;
  all.push_back(
      single(family(MetricType::gauge, "build_info", "1; the labels say what is running."), 1,
             {{"version", self.version}}));
  all.push_back(target_processes(self));
  all.push_back(target_waiting(self));
  all.push_back(per_probe(self,
                          family(MetricType::gauge, "probe_sites",
                                 "Sites of the probe that the metric is attached to."),
                          [](const Probe& probe) { return probe.sites; }));
  all.push_back(per_probe(self,
                          family(MetricType::counter, "probe_hits_total",
                                 "Firings of the probe that reached the metric's program, those of "
                                 "foreign processes apart."),
                          [](const Probe& probe) { return probe.hits; }));
  append_metrics(self, all);
  all.push_back(hit_cost(self));
  all.push_back(single(family(MetricType::gauge, "watcher",
                              "1; how processes are followed: by perf records, or, where the "
                              "kernel refuses those, by a rescan of /proc every 2 s."),
                       1, {{"kind", self.watches_by_records ? "perf" : "rescan"}}));
  all.push_back(single(family(MetricType::counter, "watcher_overruns_total",
                              "Times that records of processes were lost and /proc was looked at "
                              "instead."),
                       Int128{self.records_lost}));
  all.push_back(self.attach_delay.collect(
      "sdt_exporter_attach_delay_seconds",
      "Time from a process mapping a file to the file's probes being live."));
  all.push_back(self.drain_duration.collect("sdt_exporter_drain_duration_seconds",
                                            "Time to read the BPF maps of all metrics once."));
  all.push_back(timestamp("last_drain_timestamp_seconds",
                          "When the latest reading of the BPF maps began, as a Unix time.",
                          self.last_drain));
  all.push_back(single(family(MetricType::gauge, "config_last_reload_successful",
                              "1 when the last attempt to load the configuration succeeded."),
                       self.last_reload_ok ? 1 : 0));
  all.push_back(timestamp("config_last_reload_success_timestamp_seconds",
                          "When the configuration was last loaded, as a Unix time.",
                          self.last_reload_success));
  std::erase_if(all, [](const MetricSnapshot& metric) { return metric.series.empty(); });
  return all;
}

}  // namespace sdt::metrics
