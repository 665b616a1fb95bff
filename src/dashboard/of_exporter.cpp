#include "dashboard/of_exporter.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dashboard/promql.h"
#include "dashboard/trust.h"

namespace sdt::dashboard {
namespace {

constexpr int third = 8;
constexpr int half = 12;

/// The exporter's metrics by their short names: of_targets("series") is sdt_exporter_series.
std::string of_targets(std::string_view name) {
  return samples_of_targets(fmt::format("sdt_exporter_{}", name));
}
std::string of_daemon(std::string_view name) {
  return samples(fmt::format("sdt_exporter_{}", name));
}

Panel lines(int width, std::string title, std::string description, std::string unit,
            std::vector<Query> queries) {
  return {.title = std::move(title),
          .description = std::move(description),
          .unit = std::move(unit),
          .queries = std::move(queries),
          .width = width};
}

/// The metrics of targets that grow fastest.
Panel busiest_metrics(std::string title, std::string description, std::string unit,
                      std::string_view counter) {
  const std::vector<std::string> labels = {"target", "metric"};
  const std::string counted = of_targets(counter);
  return lines(half, std::move(title), std::move(description), std::move(unit),
               {{busiest(rate_by(labels, counted), labels, counted), "{{target}}: {{metric}}"}});
}

std::vector<Panel> durations(std::string_view title, std::string description,
                             std::string_view histogram) {
  const std::string buckets = of_daemon(fmt::format("{}_bucket", histogram));
  return {{.kind = PanelKind::heatmap,
           .title = std::string(title),
           .description = description,
           .unit = "s",
           .queries = {{rate_by({"le"}, buckets), "{{le}}"}},
           .width = half},
          lines(half, fmt::format("{}: quantiles", title), std::move(description), "s",
                {{quantile_by(0.5, {}, buckets), "p50"},
                 {quantile_by(0.9, {}, buckets), "p90"},
                 {quantile_by(0.99, {}, buckets), "p99"}})};
}

Row state_row() {
  Row row{
      "State",
      {processes_traced(),
       stat("Metrics attached", "Metrics that count.", "short",
            fmt::format("sum({})", of_targets("metric_attached"))),
       metrics_not_attached(),
       stat("Targets waiting",
            "Targets of which no metric is attached, because their processes or their probes are "
            "not there yet.",
            "short", fmt::format("sum({})", of_targets("target_waiting")), {{1, "orange"}}),
       metrics_over_budget(),
       stat("Since the last drain",
            "Time since the counts were last taken over from the kernel, in the exporter where it "
            "is longest.",
            "s", fmt::format("max(time() - {})", of_daemon("last_drain_timestamp_seconds")),
            {{120, "red"}}),
       stat("Reloads that failed",
            "Exporters whose config files have mistakes since the last reload; the config before "
            "is in force, the mistakes are in the log.",
            "short",
            fmt::format("count({} == 0) or vector(0)", of_daemon("config_last_reload_successful")),
            {{1, "red"}}),
       stat("Exporters that rescan",
            "Exporters to which the kernel gives no records of processes: they look through /proc "
            "every 2 s, and miss what lives shorter.",
            "short",
            fmt::format("count({} == 1) or vector(0)",
                        samples("sdt_exporter_watcher", R"(, kind="rescan")")),
            {{1, "orange"}})}};
  for (Panel& panel : row.panels) panel.width = 3;  // all of them on one line
  return row;
}

Row loss_row() {
  const std::string lost = of_targets("events_lost_total");
  return {"Events that are in no series, or not where they should be",
          {lines(half, "Events lost, by reason",
                 "Fired, and in no series. docs/operations.md says what helps against each reason.",
                 "cps", {{rate_by({"reason"}, lost), "{{reason}}"}}),
           events_lost_by_metric(),
           busiest_metrics("Events filtered", "Events that `where` refused.", "cps",
                           "events_filtered_total"),
           busiest_metrics("Events in the series `other`",
                           "More label sets came up than `max_series` allows; these events are "
                           "added up in one series.",
                           "cps", "events_folded_total"),
           busiest_metrics("Strings cut", "Strings longer than what `str` reads of them.", "cps",
                           "strings_cut_total"),
           busiest_metrics("Foreign hits",
                           "Firings in processes that use a traced file and belong to no target. "
                           "They cost as much as others.",
                           "cps", "foreign_hits_total")}};
}

Row attach_row() {
  Row row{"Attaching",
          {lines(half, "Attachments and detachments", "To and from files.", "short",
                 {{increase_by({"target"}, of_targets("attaches_total")), "{{target}} attached"},
                  {increase_by({"target"}, of_targets("detaches_total")), "{{target}} detached"}}),
           lines(half, "Attachments that failed, by reason",
                 "The log and the page `/targets` say what failed on which file.", "short",
                 {{increase_by({"reason"}, of_targets("attach_errors_total")), "{{reason}}"}}),
           lines(half, "Places that are attached to", "Sites of probes in files.", "short",
                 {{fmt::format("sum by (target) ({})", of_targets("probe_sites")), "{{target}}"}}),
           lines(half, "Processes traced", "Running processes that belong to the target.", "short",
                 {{fmt::format("sum by (target) ({})", of_targets("target_processes")),
                   "{{target}}"}})}};
  for (Panel& panel :
       durations("Delay of attaching",
                 "From a process mapping a new file to the file's probes being live. What fires "
                 "before that is not counted.",
                 "attach_delay_seconds"))
    row.panels.push_back(std::move(panel));
  return row;
}

Row cost_row() {
  const std::vector<std::string> probe = {"target", "probe"};
  const std::string hits = of_targets("probe_hits_total");
  return {
      "What it costs",
      {busiest_metrics("CPU time of hits, by metric",
                       "An estimate: how often the probes fired, times what one hit costs. Paid by "
                       "the traced programs; 100 % is one CPU.",
                       "percentunit", "overhead_seconds_total"),
       lines(half, "Hits, by probe",
             fmt::format("The {} probes that fired most in the time shown.", most_lines), "cps",
             {{busiest(rate_by(probe, hits), probe, hits), "{{target}}: {{probe}}"}}),
       lines(half, "Times that a budget was exceeded",
             "How often a metric was detached because its target was over its budget.", "short",
             {{increase_by({"target"}, of_targets("budget_trips_total")), "{{target}}"}}),
       lines(half, "Cost of one hit", "Measured at start, with a program that does nothing.", "s",
             {{of_daemon("hit_cost_seconds"), "{{instance}}"}})}};
}

Row series_row() {
  const std::string series = of_targets("series");
  return {"Series",
          {lines(half, "Series, by metric", "Label sets, `other` not counted.", "short",
                 {{highest(series), "{{target}}: {{metric}}"}}),
           lines(half, "Share of the limit",
                 "At 100 % further label sets are added up in the series whose labels read "
                 "`other`; raise `max_series`, or use labels with fewer values.",
                 "percentunit",
                 {{fmt::format("topk({}, {} / {})", most_lines, series, of_targets("series_limit")),
                   "{{target}}: {{metric}}"}})}};
}

Row daemon_row() {
  Row row{"The daemon", durations("Time of a drain", "To read the maps of all metrics once.",
                                  "drain_duration_seconds")};
  const std::vector<Panel> others = {
      lines(third, "CPU", "Of the daemon alone. Hits are paid by the traced programs.",
            "percentunit",
            {{fmt::format("rate({}[$__rate_interval])", samples("process_cpu_seconds_total")),
              "{{instance}}"}}),
      lines(third, "Memory", "Resident memory of the daemon, without the maps in the kernel.",
            "bytes", {{samples("process_resident_memory_bytes"), "{{instance}}"}}),
      lines(third, "Open files", "Descriptors: each program, map and link in the kernel is one.",
            "short", {{samples("process_open_fds"), "{{instance}}"}}),
      lines(half, "Records lost by the watcher",
            "Times that the kernel had more to tell about processes than was read in time, and "
            "/proc was looked through instead.",
            "short",
            {{increase_by({"instance"}, of_daemon("watcher_overruns_total")), "{{instance}}"}}),
      lines(
          half, "Connections dropped, by reason", "Clients that the exporter turned away.", "short",
          {{increase_by({"reason"}, of_daemon("http_connections_dropped_total")), "{{reason}}"}})};
  row.panels.insert(row.panels.end(), others.begin(), others.end());
  return row;
}

}  // namespace

Dashboard dashboard_of_exporter() {
  return {.uid = "sdt-exporter",
          .title = "sdt_exporter",
          .description =
              "The exporter of static probes itself: what is attached, what is lost, what it "
              "costs.",
          .rows = {state_row(), loss_row(), attach_row(), cost_row(), series_row(), daemon_row()}};
}

}  // namespace sdt::dashboard
