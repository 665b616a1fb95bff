// Labels: expressions, value maps, limits.
#include "spec/labels.h"

#include "unit/spec/helpers.h"

namespace sdt::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

const std::string head = "name: events_total\ntype: counter\nprobe: app:x\n";

std::string many(int count, const std::string& value) {
  std::string text = "labels:\n";
  for (int i = 0; i < count; ++i) text += "  l" + std::to_string(i) + ": " + value + "\n";
  return text;
}

TEST(Labels, AreSortedByName) {
  const Metric metric = metric_of(head + "labels: {zone: arg0, area: comm, name: str(arg1)}");
  ASSERT_THAT(metric.labels, SizeIs(3));
  EXPECT_EQ(metric.labels[0].name, "area");
  EXPECT_EQ(metric.labels[0].value, Expr(Attribute::comm));
  EXPECT_EQ(metric.labels[1].name, "name");
  EXPECT_EQ(metric.labels[2].name, "zone");
}

TEST(Labels, AYamlNumberIsAnIntegerAndALiteralHasItsOwnQuotes) {
  const Metric metric = metric_of(head + "labels: {x: 1, y: '\"fixed\"'}");
  EXPECT_EQ(metric.labels[0].value, Expr(IntExpr{{Constant{1}}}));
  EXPECT_EQ(metric.labels[1].value, Expr(Literal{"fixed"}));
}

TEST(Labels, AForgottenInnerQuoteIsExplained) {
  EXPECT_THAT(complaints(head + "labels: {x: \"fixed\"}"),
              ElementsAre(HasSubstr("in YAML needs two pairs of quotes: '\"fixed\"'")));
}

TEST(Labels, MapsTurnPrintedValuesIntoTexts) {
  const Metric metric = metric_of(
      head + "labels: {hit: {value: arg7, map: {0: \"false\", 0x1: yes, -2: 3}, default: other}}");
  EXPECT_THAT(metric.labels[0].map.values,
              ElementsAre(Pair("-2", "3"), Pair("0", "false"), Pair("1", "yes")));
  EXPECT_EQ(metric.labels[0].map.fallback, "other");
}

TEST(Labels, MapsOfTextsCompareTheTextAsItIs) {
  const Metric metric = metric_of(head + "labels: {c: {value: comm, map: {0x1: a, true: b}}}");
  EXPECT_THAT(metric.labels[0].map.values, ElementsAre(Pair("0x1", "a"), Pair("true", "b")));
  EXPECT_EQ(metric.labels[0].map.fallback, std::nullopt);
}

TEST(Labels, MapsAreChecked) {
  EXPECT_THAT(complaints(head + "labels: {c: {value: arg0, map: {x: a, 16: b, 0x10: c}}}"),
              ElementsAre("map: this label's value is an integer, which \"x\" is not",
                          "map: \"16\" stands twice"));
  EXPECT_THAT(complaints(head + "labels: {c: {value: comm, map: {x: a, x: b}}}"),
              ElementsAre("map: \"x\" stands twice"));
  EXPECT_THAT(complaints(head + "labels: {c: {value: comm, map: []}}"),
              ElementsAre(HasSubstr("map must be a map from values")));
  EXPECT_THAT(complaints(head + "labels: {c: {value: comm, map: {a: [1]}}}"),
              ElementsAre("map: the text shown for a value must be a text, not a list"));
  EXPECT_THAT(complaints(head + "labels: {c: {value: comm, map: {null: x}}}"),
              ElementsAre(HasSubstr("must be a text in quotes or a number, not nothing")));
  EXPECT_THAT(complaints(head + "labels: {c: {value: comm, default: x}}"),
              ElementsAre(HasSubstr("default only goes with map or regex")));
  EXPECT_THAT(complaints(head + "labels: {c: {map: {a: b}}}"),
              ElementsAre("a label needs a \"value\""));
}

TEST(Labels, RegexAndReplaceMakeTextsOfTexts) {
  const Metric metric = metric_of(
      head + "labels: {c: {value: str(arg0), regex: '/api/(\\w+)/.*', replace: 'api $1'}}");
  const Label& label = metric.labels.at(0);
  EXPECT_EQ(shown_text(label, "/api/users/7"), "api users");
  EXPECT_EQ(shown_text(label, "/index"), "/index");
}

TEST(Labels, DefaultIsForTextsThatTheRegexDoesNotMatch) {
  const Metric metric =
      metric_of(head + "labels: {c: {value: arg0, regex: '[23]..', replace: fine, default: bad}}");
  EXPECT_EQ(shown_text(metric.labels.at(0), "302"), "fine");
  EXPECT_EQ(shown_text(metric.labels.at(0), "3022"), "bad");
}

TEST(Labels, WithoutReplaceTheFirstGroupIsShown) {
  const Metric metric = metric_of(head + "labels: {c: {value: comm, regex: '(\\w+)-\\d+'}}");
  EXPECT_EQ(shown_text(metric.labels.at(0), "worker-12"), "worker");
  EXPECT_THAT(complaints(head + "labels: {c: {value: comm, regex: worker}}"),
              ElementsAre("without a \"replace\" it is $1, but the regex has no group \"1\" (it "
                          "has none)"));
}

TEST(Labels, RegexAndReplaceAreChecked) {
  EXPECT_THAT(complaints(head + "labels: {c: {value: comm, regex: 'a(', replace: b}}"),
              ElementsAre("regex: \"a(\" is not a regular expression (RE2 syntax): missing ): a("));
  EXPECT_THAT(complaints(head + "labels: {c: {value: comm, regex: a, replace: $1}}"),
              ElementsAre("replace: the regex has no group \"1\" (it has none)"));
  EXPECT_THAT(complaints(head + "labels: {c: {value: comm, regex: a, replace: b, map: {a: b}}}"),
              ElementsAre("a label has a map or a regex, not both"));
  EXPECT_THAT(complaints(head + "labels: {c: {value: comm, replace: b}}"),
              ElementsAre("replace only goes with regex"));
  EXPECT_THAT(complaints(head + "labels: {c: {value: comm, regex: [a], replace: {}}}"),
              ElementsAre("regex must be a text, not a list", "replace must be a text, not a map"));
}

TEST(Labels, NamesFollowPrometheus) {
  EXPECT_THAT(complaints(head + "labels: {le: 1, quantile: 2, __x: 3, a-b: 4}"), SizeIs(4));
  EXPECT_THAT(complaints(head + "labels: {job: comm}"), ElementsAre(HasSubstr("exported_job")));
  EXPECT_THAT(complaints(head + "labels: {target: comm}"), IsEmpty());
  EXPECT_THAT(complaints(head + "labels: {a: comm, a: exe}"),
              ElementsAre(HasSubstr("duplicate key \"a\" in labels, first on line 9")));
}

TEST(Labels, AreAMapOrNothing) {
  EXPECT_THAT(complaints(head + "labels: [a]"),
              ElementsAre("labels must be a map from label names to expressions, not a list"));
  EXPECT_THAT(metric_of(head + "labels:").labels, IsEmpty());
  EXPECT_THAT(complaints(head + "labels: {a: }"),
              ElementsAre("label a must be an expression, not nothing"));
}

TEST(Labels, AtMost16) {
  EXPECT_THAT(metric_of(head + many(16, "arg0")).labels, SizeIs(16));
  EXPECT_THAT(complaints(head + many(17, "arg0")),
              ElementsAre("17 labels, at most 16 are possible"));
}

TEST(Labels, KeysTakeTheirBytesAndAtMost1024) {
  const Metric metric = metric_of(
      head +
      "labels: {a: arg0, b: comm, c: exe, d: '\"x\"', e: probe, f: provider, g: str(arg0), "
      "h: 'str(arg0, 7)', i: 'str(arg0, 8)'}");
  EXPECT_EQ(key_size(metric.labels), 16U + 8 + 16 + 0 + 0 + 8 + 8 + 72 + 8 + 16);

  EXPECT_THAT(complaints(head + many(7, "\"str(arg0, 128)\"")), IsEmpty());
  EXPECT_THAT(
      complaints(head + many(8, "\"str(arg0, 128)\"")),
      ElementsAre(HasSubstr("take 1104 bytes for every series, at most 1024 are possible")));
}

}  // namespace
}  // namespace sdt::spec
