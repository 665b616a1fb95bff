#include "dashboard/of_config.h"

#include <gmock/gmock.h>

#include "spec/load.h"

namespace sdt::dashboard {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

spec::Config config_of(const std::string& yaml) {
  const spec::SourceText source{"spec.yaml", yaml};
  const spec::LoadResult loaded = spec::load({&source, 1});
  for (const auto& diagnostic : loaded.diagnostics)
    EXPECT_EQ(diagnostic.severity, spec::Severity::warning) << diagnostic.text();
  return loaded.config;
}

/// The dashboard of one target with these metrics, each a line of YAML.
Dashboard shop(const std::vector<std::string>& metrics) {
  std::string yaml = "targets:\n  - name: shop\n    processes: [ exe: /srv/shop ]\n    metrics:\n";
  for (const std::string& metric : metrics) yaml += "      - { " + metric + " }\n";
  return dashboard_of(config_of(yaml), "");
}

/// The panels of its one target.
std::vector<Panel> panels(const std::vector<std::string>& metrics) {
  const Dashboard dashboard = shop(metrics);
  return dashboard.rows.size() == 2 ? dashboard.rows[1].panels : std::vector<Panel>{};
}

std::vector<std::string> titles(const std::vector<Panel>& panels) {
  std::vector<std::string> titles;
  for (const Panel& panel : panels) titles.push_back(panel.title);
  return titles;
}

const std::string sales =
    "name: shop_sales_total, type: counter, help: Sales., probe: \"shop:sale\"";
const std::string wait =
    "name: shop_wait_seconds, type: histogram, help: Waits., start: \"shop:in\", end: "
    "\"shop:out\", "
    "buckets: [1ms, 1s]";

TEST(DashboardOfConfig, HasARowOfTrustAndOneATarget) {
  const Dashboard dashboard = shop({sales});
  ASSERT_THAT(dashboard.rows, SizeIs(2));
  EXPECT_EQ(dashboard.rows[0].title, "Can this be trusted?");
  EXPECT_EQ(dashboard.rows[1].title, "shop");
  for (const Panel& panel : dashboard.rows[0].panels)
    EXPECT_THAT(panel.queries.at(0).expr, HasSubstr("target=~\"$target\"")) << panel.title;
}

TEST(DashboardOfConfig, ACounterWithoutLabelsIsARateOfEachExporter) {
  const auto shown = panels({sales});
  ASSERT_THAT(shown, SizeIs(1));
  EXPECT_EQ(shown[0].kind, PanelKind::timeseries);
  EXPECT_EQ(shown[0].title, "shop_sales_total");
  EXPECT_EQ(shown[0].description, "Sales.");
  EXPECT_EQ(shown[0].unit, "cps");
  ASSERT_THAT(shown[0].queries, SizeIs(1));
  EXPECT_EQ(shown[0].queries[0].expr,
            "sum by (instance) (rate(shop_sales_total{job=~\"$job\", instance=~\"$instance\"}"
            "[$__rate_interval]))");
  EXPECT_EQ(shown[0].queries[0].legend, "{{instance}}");
}

TEST(DashboardOfConfig, LabelsWithAMapAreALineEach) {
  const auto shown = panels({sales + ", labels: { paid: { value: arg0, map: { 0: cash } } }"});
  ASSERT_THAT(shown, SizeIs(1));
  EXPECT_EQ(shown[0].title, "shop_sales_total by paid");
  EXPECT_THAT(shown[0].queries.at(0).expr, HasSubstr("sum by (paid) ("));
  EXPECT_THAT(shown[0].queries.at(0).expr, Not(HasSubstr("topk")));
  EXPECT_EQ(shown[0].queries.at(0).legend, "{{paid}}");
}

TEST(DashboardOfConfig, OfLabelsThatNobodyKnowsTheEndOfOnlyTheBusiestAreDrawn) {
  const auto shown = panels({sales + ", labels: { what: str(arg0), who: uid }"});
  ASSERT_THAT(shown, SizeIs(1));
  EXPECT_EQ(shown[0].queries.at(0).expr,
            "sum by (what, who) (rate(shop_sales_total{job=~\"$job\", instance=~\"$instance\"}"
            "[$__rate_interval])) and topk(20, sum by (what, who) (rate("
            "shop_sales_total{job=~\"$job\", instance=~\"$instance\"}[$__range] @ end())))");
  EXPECT_EQ(shown[0].queries.at(0).legend, "what={{what}} who={{who}}");
  EXPECT_EQ(shown[0].description,
            "Sales. At most 20 lines: the label sets that grew most in the time shown.");
}

TEST(DashboardOfConfig, LabelsThatPrometheusTakesForItselfHaveTheNameItGivesThem) {
  const auto shown = panels({sales + ", labels: { job: '\"night\"' }"});
  ASSERT_THAT(shown, SizeIs(1));
  EXPECT_THAT(shown[0].queries.at(0).expr, HasSubstr("by (exported_job)"));
  EXPECT_EQ(shown[0].queries.at(0).legend, "{{exported_job}}");
}

TEST(DashboardOfConfig, AGaugeIsNotAddedUp) {
  const auto shown = panels(
      {"name: shop_queue_bytes, type: gauge, help: Queue., probe: \"shop:queue\", value: arg0"});
  ASSERT_THAT(shown, SizeIs(1));
  EXPECT_EQ(shown[0].unit, "bytes");
  EXPECT_EQ(shown[0].queries.at(0).expr,
            "shop_queue_bytes{job=~\"$job\", instance=~\"$instance\"}");
  EXPECT_EQ(shown[0].queries.at(0).legend, "{{instance}}");
}

TEST(DashboardOfConfig, AHistogramIsItsBucketsItsQuantilesAndItsEvents) {
  const auto shown = panels({wait});
  EXPECT_THAT(titles(shown), ElementsAre("shop_wait_seconds", "shop_wait_seconds: quantiles",
                                         "shop_wait_seconds: events"));
  EXPECT_EQ(shown.at(0).kind, PanelKind::heatmap);
  EXPECT_EQ(shown.at(0).unit, "s");
  EXPECT_EQ(shown.at(0).queries.at(0).expr,
            "sum by (le) (rate(shop_wait_seconds_bucket{job=~\"$job\", instance=~\"$instance\"}"
            "[$__rate_interval]))");
  ASSERT_THAT(shown.at(1).queries, SizeIs(3));
  EXPECT_THAT(shown.at(1).queries[2].expr,
              HasSubstr("histogram_quantile(0.99, sum by (le) (rate(shop_wait_seconds_bucket{"));
  EXPECT_EQ(shown.at(1).queries[2].legend, "p99");
  EXPECT_EQ(shown.at(2).unit, "cps");
}

TEST(DashboardOfConfig, AHistogramBeginsALine) {
  const auto shown = panels({sales, wait});
  EXPECT_TRUE(shown.at(1).new_line);
  EXPECT_FALSE(shown.at(2).new_line);
}

TEST(DashboardOfConfig, AHistogramWithLabelsHasAQuantileByLabelToo) {
  const auto shown = panels({wait + ", labels: { door: str(arg0) }"});
  EXPECT_THAT(titles(shown),
              ElementsAre("shop_wait_seconds", "shop_wait_seconds: quantiles",
                          "shop_wait_seconds: p99 by door", "shop_wait_seconds: events by door"));
  EXPECT_THAT(shown.at(2).queries.at(0).expr, HasSubstr("sum by (le, door) (rate("));
  EXPECT_THAT(shown.at(2).queries.at(0).expr,
              HasSubstr("and topk(20, sum by (door) (rate(shop_wait_seconds_count{job=~\"$job\", "
                        "instance=~\"$instance\"}[$__range] @ end())))"));
}

TEST(DashboardOfConfig, AFamilyIsShownOnceWhereItIsDeclaredFirst) {
  const std::string io = "name: shop_io_total, type: counter, help: Io., probe: \"shop:read\"";
  EXPECT_THAT(
      titles(panels({io + ", labels: { op: '\"r\"' }", sales, io + ", labels: { op: '\"w\"' }"})),
      ElementsAre("shop_io_total by op", "shop_sales_total"));
}

TEST(DashboardOfConfig, TheUidIsOfTheTargetsNamesAndNeverTooLong) {
  EXPECT_EQ(shop({sales}).uid, "sdt_exporter-shop");
  spec::Config config;
  config.targets.resize(30);
  for (std::size_t i = 0; i < 30; ++i) config.targets[i].name = "target" + std::to_string(i);
  const std::string one = dashboard_of(config, "").uid;
  EXPECT_THAT(one, MatchesRegex("sdt_exporter-target0-ta-[0-9a-f]{16}"));
  EXPECT_EQ(one.size(), 40u);
  config.targets.pop_back();
  EXPECT_NE(dashboard_of(config, "").uid, one);
}

TEST(DashboardOfConfig, TheTitleIsTheUsersOrTheTargetsNames) {
  const spec::Config config =
      config_of("targets:\n  - { name: a, processes: [ comm: a ], metrics: [ { " + sales +
                " } ] }\n  - { name: b, processes: [ comm: b ], metrics: [ { " + wait + " } ] }\n");
  EXPECT_EQ(dashboard_of(config, "").title, "a, b (sdt_exporter)");
  EXPECT_EQ(dashboard_of(config, "Night shift").title, "Night shift");
  EXPECT_EQ(dashboard_of(config, "").uid, dashboard_of(config, "Night shift").uid);
  EXPECT_THAT(dashboard_of(config, "").targets, ElementsAre("a", "b"));
  EXPECT_THAT(dashboard_of(config, "").description, EndsWith(": a, b."));
}

}  // namespace
}  // namespace sdt::dashboard
