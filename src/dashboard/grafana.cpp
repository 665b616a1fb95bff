#include "dashboard/grafana.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace sdt::dashboard {
namespace {

using Json = nlohmann::ordered_json;

constexpr int columns = 24;
constexpr int row_height = 1;

/// Of Grafana 11: later versions bring what is older up to date themselves.
constexpr int schema_version = 39;

Json datasource() {
  return {{"type", "prometheus"}, {"uid", "${datasource}"}};
}

Json target_of(const Query& query, PanelKind kind, std::size_t number) {
  const bool instant = kind == PanelKind::stat;
  return {{"refId", std::string(1, static_cast<char>('A' + number))},
          {"datasource", datasource()},
          {"editorMode", "code"},
          {"expr", query.expr},
          {"legendFormat", query.legend},
          {"format", kind == PanelKind::heatmap ? "heatmap" : "time_series"},
          {"instant", instant},
          {"range", !instant}};
}

Json timeseries_options() {
  return {{"legend",
           {{"displayMode", "table"},
            {"placement", "bottom"},
            {"showLegend", true},
            {"calcs", Json::array({"lastNotNull", "max"})},
            {"sortBy", "Last *"},
            {"sortDesc", true}}},
          {"tooltip", {{"mode", "multi"}, {"sort", "desc"}}}};
}

Json timeseries_fields(const Panel& panel) {
  // A soft minimum: negative levels are shown, and all else stands on zero.
  return {{"unit", panel.unit},
          {"color", {{"mode", "palette-classic"}}},
          {"custom",
           {{"drawStyle", "line"},
            {"lineWidth", 1},
            {"fillOpacity", 10},
            {"showPoints", "auto"},
            {"spanNulls", false},
            {"axisSoftMin", 0}}}};
}

Json heatmap_options(const Panel& panel) {
  return {{"calculate", false},
          {"cellGap", 1},
          {"cellValues", {{"unit", "cps"}}},
          {"color",
           {{"mode", "scheme"},
            {"scheme", "Oranges"},
            {"fill", "dark-orange"},
            {"scale", "exponential"},
            {"exponent", 0.5},
            {"steps", 64},
            {"reverse", false}}},
          {"exemplars", {{"color", "rgba(255,0,255,0.7)"}}},
          {"filterValues", {{"le", 1e-9}}},
          {"legend", {{"show", true}}},
          {"rowsFrame", {{"layout", "auto"}}},
          {"showValue", "never"},
          {"tooltip", {{"mode", "single"}, {"yHistogram", true}, {"showColorScale", true}}},
          {"yAxis", {{"axisPlacement", "left"}, {"reverse", false}, {"unit", panel.unit}}}};
}

Json stat_options() {
  return {{"reduceOptions",
           {{"calcs", Json::array({"lastNotNull"})}, {"fields", ""}, {"values", false}}},
          {"colorMode", "value"},
          {"graphMode", "none"},
          {"justifyMode", "auto"},
          {"orientation", "auto"},
          {"percentChangeColorMode", "standard"},
          {"showPercentChange", false},
          {"textMode", "auto"},
          {"wideLayout", true}};
}

Json stat_fields(const Panel& panel) {
  const bool judged = !panel.thresholds.empty();
  Json steps = Json::array();
  steps.push_back({{"color", judged ? "green" : "text"}, {"value", nullptr}});
  for (const Threshold& threshold : panel.thresholds)
    steps.push_back({{"color", threshold.color}, {"value", threshold.from}});
  return {{"unit", panel.unit},
          {"color", {{"mode", "thresholds"}}},
          {"thresholds", {{"mode", "absolute"}, {"steps", steps}}}};
}

Json panel_json(const Panel& panel, int id, int x, int y, int height) {
  Json json = {{"id", id},
               {"type", ""},
               {"title", panel.title},
               {"description", panel.description},
               {"datasource", datasource()},
               {"gridPos", {{"x", x}, {"y", y}, {"w", panel.width}, {"h", height}}},
               {"fieldConfig", {{"defaults", Json::object()}, {"overrides", Json::array()}}},
               {"options", Json::object()},
               {"targets", Json::array()}};
  Json& fields = json["fieldConfig"]["defaults"];
  switch (panel.kind) {
    case PanelKind::timeseries:
      json["type"] = "timeseries";
      json["options"] = timeseries_options();
      fields = timeseries_fields(panel);
      break;
    case PanelKind::heatmap:
      json["type"] = "heatmap";
      json["options"] = heatmap_options(panel);
      break;
    case PanelKind::stat:
      json["type"] = "stat";
      json["options"] = stat_options();
      fields = stat_fields(panel);
      break;
  }
  for (std::size_t i = 0; i < panel.queries.size(); ++i)
    json["targets"].push_back(target_of(panel.queries[i], panel.kind, i));
  return json;
}

using Line = std::vector<Panel>;

int width_of(const Line& line) {
  int width = 0;
  for (const Panel& panel : line) width += panel.width;
  return width;
}

int height_of(const Line& line) {
  const bool only_numbers =
      std::ranges::all_of(line, [](const Panel& panel) { return panel.kind == PanelKind::stat; });
  return only_numbers ? 6 : 9;
}

/// A row's panels, from left to right, from top to bottom.
std::vector<Line> lines_of(const Row& row) {
  std::vector<Line> lines;
  for (const Panel& panel : row.panels) {
    if (lines.empty() || panel.new_line || width_of(lines.back()) + panel.width > columns)
      lines.emplace_back();
    lines.back().push_back(panel);
  }
  for (Line& line : lines) {
    if (width_of(line) == columns) continue;
    for (Panel& panel : line) panel.width = columns / static_cast<int>(line.size());
  }
  return lines;
}

/// Rows one below the other, a heading above each.
Json panels_json(const std::vector<Row>& rows) {
  Json panels = Json::array();
  int id = 0;
  int y = 0;
  for (const Row& row : rows) {
    panels.push_back({{"id", ++id},
                      {"type", "row"},
                      {"title", row.title},
                      {"collapsed", false},
                      {"gridPos", {{"x", 0}, {"y", y}, {"w", columns}, {"h", row_height}}},
                      {"panels", Json::array()}});
    y += row_height;
    for (const Line& line : lines_of(row)) {
      const int height = height_of(line);
      int x = 0;
      for (const Panel& panel : line) {
        panels.push_back(panel_json(panel, ++id, x, y, height));
        x += panel.width;
      }
      y += height;
    }
  }
  return panels;
}

/// A choice among the values that a label has now. All of them is `all`, a regular expression.
Json variable(const std::string& name, const std::string& title, const std::string& query,
              const std::string& all) {
  return {{"name", name},
          {"label", title},
          {"type", "query"},
          {"datasource", datasource()},
          {"query", {{"query", query}, {"refId", name}}},
          {"definition", query},
          {"refresh", 2},
          {"sort", 1},
          {"multi", true},
          {"includeAll", true},
          {"allValue", all},
          {"current", {{"text", Json::array({"All"})}, {"value", Json::array({"$__all"})}}},
          {"hide", 0}};
}

/// Only exporters that have one of the dashboard's targets are offered.
Json variables_json(const std::vector<std::string>& targets) {
  const std::string names = targets.empty() ? ".*" : fmt::format("{}", fmt::join(targets, "|"));
  const std::string metric = "sdt_exporter_target_processes";
  const std::string chosen = fmt::format(R"(target=~"{}")", names);
  Json target =
      variable("target", "Target",
               fmt::format(R"(label_values({}{{{}, job=~"$job", instance=~"$instance"}}, target))",
                           metric, chosen),
               names);
  if (targets.size() == 1) target["hide"] = 2;  // there is nothing to choose
  return {{{"name", "datasource"},
           {"label", "Data source"},
           {"type", "datasource"},
           {"query", "prometheus"},
           {"refresh", 1},
           {"hide", 0}},
          variable("job", "Job", fmt::format("label_values({}{{{}}}, job)", metric, chosen), ".*"),
          variable("instance", "Instance",
                   fmt::format(R"(label_values({}{{{}, job=~"$job"}}, instance))", metric, chosen),
                   ".*"),
          std::move(target)};
}

/// A menu of all dashboards that come from here.
Json links_json() {
  return Json::array({{{"type", "dashboards"},
                       {"title", "sdt_exporter"},
                       {"icon", "external link"},
                       {"tags", Json::array({"sdt_exporter"})},
                       {"tooltip", ""},
                       {"asDropdown", true},
                       {"includeVars", false},
                       {"keepTime", true},
                       {"targetBlank", false}}});
}

}  // namespace

std::string grafana_json(const Dashboard& dashboard) {
  const Json json = {{"uid", dashboard.uid},
                     {"title", dashboard.title},
                     {"description", dashboard.description},
                     {"tags", Json::array({"sdt_exporter"})},
                     {"schemaVersion", schema_version},
                     {"editable", true},
                     {"graphTooltip", 1},
                     {"refresh", "30s"},
                     {"time", {{"from", "now-1h"}, {"to", "now"}}},
                     {"timezone", "browser"},
                     {"annotations", {{"list", Json::array()}}},
                     {"links", links_json()},
                     {"templating", {{"list", variables_json(dashboard.targets)}}},
                     {"panels", panels_json(dashboard.rows)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sdt::dashboard
