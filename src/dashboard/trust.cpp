#include "dashboard/trust.h"

#include <utility>

#include <fmt/format.h>

#include "dashboard/promql.h"

namespace sdt::dashboard {

Panel stat(std::string title, std::string description, std::string unit, std::string expr,
           std::vector<Threshold> thresholds) {
  std::string legend = title;
  return {.kind = PanelKind::stat,
          .title = std::move(title),
          .description = std::move(description),
          .unit = std::move(unit),
          .queries = {{std::move(expr), std::move(legend)}},
          .width = 4,
          .thresholds = std::move(thresholds)};
}

Panel processes_traced() {
  return stat("Processes traced", "Running processes that belong to a target.", "short",
              fmt::format("sum({})", samples_of_targets("sdt_exporter_target_processes")));
}

Panel metrics_not_attached() {
  return stat("Metrics not attached",
              "Metrics that count nothing although others of their target are attached. The "
              "exporter's log and its page `/targets` have the reason.",
              "short",
              fmt::format("count(({} == 0) unless on (job, instance, target) ({} == 1)) or "
                          "vector(0)",
                          samples_of_targets("sdt_exporter_metric_attached"),
                          samples_of_targets("sdt_exporter_target_waiting")),
              {{1, "red"}});
}

Panel metrics_over_budget() {
  return stat("Metrics over budget",
              "Metrics that are detached for a while because tracing them cost too much.", "short",
              fmt::format("sum({})", samples_of_targets("sdt_exporter_budget_tripped")),
              {{1, "red"}});
}

Panel events_lost_by_metric() {
  const std::string lost = samples_of_targets("sdt_exporter_events_lost_total");
  const std::vector<std::string> labels = {"target", "metric"};
  return {.title = "Events lost, by metric",
          .description =
              "Events that fired and are in no series. Their reasons are on the "
              "dashboard of the exporter itself.",
          .unit = "cps",
          .queries = {{busiest(rate_by(labels, lost), labels, lost), "{{target}}: {{metric}}"}},
          .width = 12};
}

}  // namespace sdt::dashboard
