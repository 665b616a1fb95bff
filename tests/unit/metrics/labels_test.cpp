#include "metrics/labels.h"

#include <gtest/gtest.h>

#include "fakes/metric_builder.h"

namespace sdt::metrics {
namespace {

using fakes::argument;
using fakes::counter;
using fakes::string_argument;

TEST(Labels, NumbersPrintAsDecimals) {
  const spec::Metric metric = counter({{"n", argument(0), {}}});
  EXPECT_EQ(label_values(metric, {Int128{-7}}, {.exe = "", .placement = {}}), LabelValues{"-7"});
  EXPECT_EQ(label_values(metric, {Int128{18446744073709551615U}}, {.exe = "", .placement = {}}),
            LabelValues{"18446744073709551615"});
}

TEST(Labels, RecordedValuesFillTheLabelsThatAreInTheKey) {
  const spec::Metric metric = counter({{"a", spec::Literal{"fixed"}, {}},
                                       {"b", string_argument(0), {}},
                                       {"c", spec::Attribute::exe, {}},
                                       {"d", argument(1), {}},
                                       {"e", spec::Attribute::probe, {}}});
  EXPECT_EQ(label_values(metric, {"read", Int128{3}, "query__start"},
                         {.exe = "/bin/app", .placement = {}}),
            (LabelValues{"fixed", "read", "/bin/app", "3", "query__start"}));
}

TEST(Labels, MapGoesByThePrintedValue) {
  const spec::Metric metric =
      counter({{"hit", argument(0), {{{"0", "false"}, {"1", "true"}}, {}}}});
  EXPECT_EQ(label_values(metric, {Int128{1}}, {.exe = "", .placement = {}}), LabelValues{"true"});
  EXPECT_EQ(label_values(metric, {Int128{2}}, {.exe = "", .placement = {}}), LabelValues{"2"});
}

TEST(Labels, FallbackTakesWhatTheMapDoesNotList) {
  const spec::Metric metric = counter({{"kind", string_argument(0), {{{"r", "read"}}, "rest"}}});
  EXPECT_EQ(label_values(metric, {"r"}, {.exe = "", .placement = {}}), LabelValues{"read"});
  EXPECT_EQ(label_values(metric, {"w"}, {.exe = "", .placement = {}}), LabelValues{"rest"});
}

spec::Label rewritten(spec::Expr value, const std::string& regex, const std::string& replace) {
  spec::Label label{"l", std::move(value), {}};
  label.rewrite = *spec::Rewrite::compile(regex, replace);
  return label;
}

TEST(Labels, RewritesGoByThePrintedValue) {
  const spec::Metric status = counter({rewritten(argument(0), "(.)..", "${1}xx")});
  EXPECT_EQ(label_values(status, {Int128{404}}, {}), LabelValues{"4xx"});
  EXPECT_EQ(label_values(status, {Int128{-1}}, {}), LabelValues{"-1"});
  const spec::Metric program = counter({rewritten(spec::Attribute::exe, ".*/(.*)", "$1")});
  EXPECT_EQ(label_values(program, {}, {.exe = "/usr/bin/app", .placement = {}}),
            LabelValues{"app"});
}

TEST(Labels, ARewriteThatCutsACharacterStaysValidUtf8) {
  const spec::Metric metric = counter({rewritten(string_argument(0), "(\\C)\\C*", "$1")});
  EXPECT_EQ(label_values(metric, {"\xE2\x82\xAC"}, {}), LabelValues{"\xEF\xBF\xBD"});
}

TEST(Labels, BytesThatAreNotUtf8AreReplaced) {
  const spec::Metric metric = counter({{"s", string_argument(0), {}}});
  EXPECT_EQ(label_values(metric, {"\xFFx"}, {.exe = "", .placement = {}}),
            LabelValues{"\xEF\xBF\xBDx"});
}

TEST(Labels, OtherIsTheSameForEveryLabel) {
  const spec::Metric metric = counter({{"a", spec::Literal{"fixed"}, {}}, {"b", argument(0), {}}});
  EXPECT_EQ(other_values(metric), (LabelValues{"other", "other"}));
}

TEST(Labels, SayWhereTheProcessRuns) {
  const spec::Metric metric = counter({{"a", spec::Attribute::cgroup, {}},
                                       {"b", spec::Attribute::unit, {}},
                                       {"c", spec::Attribute::container, {}},
                                       {"d", spec::Attribute::pod, {}},
                                       {"e", spec::Attribute::pod_namespace, {}},
                                       {"f", spec::Attribute::container_name, {}}});
  ProcessFacts facts;
  facts.placement = {.cgroup = "/a/b.service",
                     .unit = "b.service",
                     .container = "c0ffee",
                     .pod_uid = "1",
                     .pod = "web",
                     .pod_namespace = "shop",
                     .container_name = "app"};
  EXPECT_EQ(label_values(metric, {}, facts),
            (LabelValues{"/a/b.service", "b.service", "c0ffee", "web", "shop", "app"}));
  EXPECT_EQ(label_values(metric, {}, {}), LabelValues(6));
}

TEST(Labels, ConditionsOnThePlaceHoldOrNot) {
  spec::Metric metric = counter();
  metric.where = {spec::StringCondition{spec::Attribute::unit, spec::Compare::eq, "b.service"}};
  ProcessFacts facts;
  facts.placement.unit = "b.service";
  EXPECT_TRUE(admits(metric, facts));
  EXPECT_FALSE(admits(metric, {}));
}

TEST(Labels, NoPlaceIsTheEmptyText) {
  spec::Metric metric = counter();
  metric.where = {spec::StringCondition{spec::Attribute::container, spec::Compare::eq, ""}};
  ProcessFacts facts;
  EXPECT_TRUE(admits(metric, facts));
  facts.placement.container = "c0ffee";
  EXPECT_FALSE(admits(metric, facts));
}

TEST(Labels, ConditionsOnExeHoldOrNot) {
  spec::Metric metric = counter();
  metric.where = {
      spec::StringCondition{spec::Attribute::exe, spec::Compare::ne, "/bin/b"},
      spec::StringCondition{spec::Attribute::probe, spec::Compare::eq, "decided elsewhere"}};
  EXPECT_TRUE(admits(metric, {.exe = "/bin/a", .placement = {}}));
  EXPECT_FALSE(admits(metric, {.exe = "/bin/b", .placement = {}}));
}

}  // namespace
}  // namespace sdt::metrics
