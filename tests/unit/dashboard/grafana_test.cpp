#include "dashboard/grafana.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace sdt::dashboard {
namespace {

using nlohmann::json;
using testing::ElementsAre;

Panel lines(int width) {
  return {.title = "lines", .unit = "cps", .queries = {{"up", "{{job}}"}}, .width = width};
}

json parsed(const Dashboard& dashboard) {
  return json::parse(grafana_json(dashboard));
}

json first_panel(const Panel& panel) {
  return parsed({.uid = "u", .title = "t", .rows = {{"row", {panel}}}})["panels"][1];
}

/// "ID TYPE X,Y WIDTHxHEIGHT" of each panel.
std::vector<std::string> places(std::vector<Row> rows) {
  const json dashboard = parsed({.uid = "u", .title = "t", .rows = std::move(rows)});
  std::vector<std::string> places;
  for (const json& panel : dashboard["panels"]) {
    const json& grid = panel["gridPos"];
    places.push_back(panel["id"].dump() + " " + panel["type"].get<std::string>() + " " +
                     grid["x"].dump() + "," + grid["y"].dump() + " " + grid["w"].dump() + "x" +
                     grid["h"].dump());
  }
  return places;
}

TEST(GrafanaJson, RowsAndPanelsAreNumberedAndPlacedFromTheTopLeft) {
  EXPECT_THAT(places({{"first", {lines(12), lines(12), lines(24)}}, {"second", {lines(24)}}}),
              ElementsAre("1 row 0,0 24x1", "2 timeseries 0,1 12x9", "3 timeseries 12,1 12x9",
                          "4 timeseries 0,10 24x9", "5 row 0,19 24x1", "6 timeseries 0,20 24x9"));
}

TEST(GrafanaJson, ALineThatIsNotFullIsStretched) {
  EXPECT_THAT(places({{"row", {lines(16), lines(8), lines(8), lines(8)}}}),
              ElementsAre("1 row 0,0 24x1", "2 timeseries 0,1 16x9", "3 timeseries 16,1 8x9",
                          "4 timeseries 0,10 12x9", "5 timeseries 12,10 12x9"));
}

TEST(GrafanaJson, ALineOfStatsIsLowerUnlessThereAreGraphsInIt) {
  Panel stat = lines(12);
  stat.kind = PanelKind::stat;
  EXPECT_THAT(places({{"row", {stat, stat, stat, lines(12)}}}),
              ElementsAre("1 row 0,0 24x1", "2 stat 0,1 12x6", "3 stat 12,1 12x6",
                          "4 stat 0,7 12x9", "5 timeseries 12,7 12x9"));
}

TEST(GrafanaJson, APanelCanBeginALine) {
  Panel panel = lines(12);
  panel.new_line = true;
  EXPECT_THAT(places({{"row", {lines(8), panel, lines(12)}}}),
              ElementsAre("1 row 0,0 24x1", "2 timeseries 0,1 24x9", "3 timeseries 0,10 12x9",
                          "4 timeseries 12,10 12x9"));
}

TEST(GrafanaJson, AQueryAsksTheChosenDataSourceOverTheTimeShown) {
  EXPECT_EQ(first_panel(lines(8))["targets"], json::parse(R"([{
      "refId": "A", "datasource": {"type": "prometheus", "uid": "${datasource}"},
      "editorMode": "code", "expr": "up", "legendFormat": "{{job}}", "format": "time_series",
      "instant": false, "range": true}])"));
}

TEST(GrafanaJson, AStatAsksForTheLatestValueAndColoursIt) {
  Panel panel = lines(4);
  panel.kind = PanelKind::stat;
  panel.thresholds = {{1, "red"}};
  const json shown = first_panel(panel);
  EXPECT_EQ(shown["targets"][0]["instant"], true);
  EXPECT_EQ(shown["targets"][0]["range"], false);
  EXPECT_EQ(shown["fieldConfig"]["defaults"]["thresholds"]["steps"],
            json::parse(R"([{"color": "green", "value": null}, {"color": "red", "value": 1.0}])"));
}

TEST(GrafanaJson, AHeatmapTakesBucketsAsTheyAreAndHasItsUnitOnTheAxis) {
  Panel panel = lines(8);
  panel.kind = PanelKind::heatmap;
  panel.unit = "s";
  const json shown = first_panel(panel);
  EXPECT_EQ(shown["targets"][0]["format"], "heatmap");
  EXPECT_EQ(shown["options"]["calculate"], false);
  EXPECT_EQ(shown["options"]["yAxis"]["unit"], "s");
}

json variables(std::vector<std::string> targets) {
  const json dashboard = parsed({.uid = "u", .title = "t", .targets = std::move(targets)});
  json named;
  for (const json& variable : dashboard["templating"]["list"])
    named[variable["name"].get<std::string>()] = variable;
  return named;
}

TEST(GrafanaJson, OnlyExportersThatHaveTheTargetsAreOffered) {
  const json offered = variables({"shop", "bank"});
  EXPECT_EQ(offered["datasource"]["query"], "prometheus");
  EXPECT_EQ(offered["job"]["query"]["query"],
            "label_values(sdt_exporter_target_processes{target=~\"shop|bank\"}, job)");
  EXPECT_EQ(offered["instance"]["query"]["query"],
            "label_values(sdt_exporter_target_processes{target=~\"shop|bank\", job=~\"$job\"}, "
            "instance)");
  EXPECT_EQ(offered["target"]["allValue"], "shop|bank");
  EXPECT_EQ(offered["target"]["current"]["value"], json::array({"$__all"}));
  EXPECT_EQ(offered["target"]["hide"], 0);
}

TEST(GrafanaJson, AChoiceAmongOneTargetIsHidden) {
  EXPECT_EQ(variables({"shop"})["target"]["hide"], 2);
}

TEST(GrafanaJson, WithoutTargetsAllAreOffered) {
  EXPECT_EQ(variables({})["target"]["allValue"], ".*");
  EXPECT_EQ(variables({})["target"]["hide"], 0);
}

TEST(GrafanaJson, WhatIsNotUtf8IsReplaced) {
  EXPECT_EQ(parsed({.uid = "u", .title = "a\xff"})["title"], "a\uFFFD");
}

}  // namespace
}  // namespace sdt::dashboard
