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
  EXPECT_EQ(label_values(metric, {Int128{-7}}, ""), LabelValues{"-7"});
  EXPECT_EQ(label_values(metric, {Int128{18446744073709551615U}}, ""),
            LabelValues{"18446744073709551615"});
}

TEST(Labels, RecordedValuesFillTheLabelsThatAreInTheKey) {
  const spec::Metric metric = counter({{"a", spec::Literal{"fixed"}, {}},
                                       {"b", string_argument(0), {}},
                                       {"c", spec::Attribute::exe, {}},
                                       {"d", argument(1), {}},
                                       {"e", spec::Attribute::probe, {}}});
  EXPECT_EQ(label_values(metric, {"read", Int128{3}, "query__start"}, "/bin/app"),
            (LabelValues{"fixed", "read", "/bin/app", "3", "query__start"}));
}

TEST(Labels, MapGoesByThePrintedValue) {
  const spec::Metric metric =
      counter({{"hit", argument(0), {{{"0", "false"}, {"1", "true"}}, {}}}});
  EXPECT_EQ(label_values(metric, {Int128{1}}, ""), LabelValues{"true"});
  EXPECT_EQ(label_values(metric, {Int128{2}}, ""), LabelValues{"2"});
}

TEST(Labels, FallbackTakesWhatTheMapDoesNotList) {
  const spec::Metric metric = counter({{"kind", string_argument(0), {{{"r", "read"}}, "rest"}}});
  EXPECT_EQ(label_values(metric, {"r"}, ""), LabelValues{"read"});
  EXPECT_EQ(label_values(metric, {"w"}, ""), LabelValues{"rest"});
}

TEST(Labels, BytesThatAreNotUtf8AreReplaced) {
  const spec::Metric metric = counter({{"s", string_argument(0), {}}});
  EXPECT_EQ(label_values(metric, {"\xFFx"}, ""), LabelValues{"\xEF\xBF\xBDx"});
}

TEST(Labels, OtherIsTheSameForEveryLabel) {
  const spec::Metric metric = counter({{"a", spec::Literal{"fixed"}, {}}, {"b", argument(0), {}}});
  EXPECT_EQ(other_values(metric), (LabelValues{"other", "other"}));
}

TEST(Labels, ConditionsOnExeHoldOrNot) {
  spec::Metric metric = counter();
  metric.where = {
      spec::StringCondition{spec::Attribute::exe, spec::Compare::ne, "/bin/b"},
      spec::StringCondition{spec::Attribute::probe, spec::Compare::eq, "decided elsewhere"}};
  EXPECT_TRUE(admits_exe(metric, "/bin/a"));
  EXPECT_FALSE(admits_exe(metric, "/bin/b"));
}

}  // namespace
}  // namespace sdt::metrics
