// Rules between metrics and targets.
#include "unit/spec/helpers.h"

namespace sdt::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string target(const std::string& name, const std::string& metrics) {
  return "  - name: " + name + "\n    processes: [{exe: /bin/" + name + "}]\n    metrics:\n" +
         metrics;
}

std::string metric(const std::string& keys) {
  return "      - {" + keys + "}\n";
}

LoadResult load_targets(const std::vector<std::string>& targets) {
  std::string text = "targets:\n";
  for (const std::string& each : targets) text += each;
  return load_text(text);
}

const std::string requests = "name: requests_total, help: Requests., type: counter, ";

TEST(Families, TwoTargetsMayShareAFamilyWhoseSeriesDiffer) {
  EXPECT_THAT(messages(load_targets(
                  {target("a", metric(requests + "probe: 'a:x', labels: {app: '\"a\"'}")),
                   target("b", metric(requests + "probe: 'b:x', labels: {app: '\"b\"'}"))})),
              IsEmpty());
}

TEST(Families, AcrossTargetsLabelsThatMayDifferAreFine) {
  EXPECT_THAT(
      messages(load_targets({target("a", metric(requests + "probe: 'a:x', labels: {pid: pid}")),
                             target("b", metric(requests + "probe: 'b:x', labels: {pid: pid}"))})),
      IsEmpty());
}

TEST(Families, AcrossTargetsTheSameSeriesForSureIsAnError) {
  EXPECT_THAT(
      messages(load_targets({target("a", metric(requests + "probe: 'a:x'")),
                             target("b", metric(requests + "probe: 'b:x'"))})),
      ElementsAre("test.yaml:9:16: requests_total produces the same series as the metric at "
                  "test.yaml:5 of target a; give each a label with another literal, such as "
                  "cluster: '\"main\"'"));
}

TEST(Families, TypeHelpBucketsAndLabelsMustAgree) {
  const std::string first = target("a", metric(requests + "probe: 'a:x', labels: {k: comm}"));
  const auto against = [&first](const std::string& keys) {
    return messages(load_targets({first, target("b", metric(keys))}));
  };
  EXPECT_THAT(against("name: requests_total, help: Requests., type: gauge, value: 1, probe: 'b:x', "
                      "labels: {k: comm}"),
              ElementsAre(HasSubstr("only counters end"),
                          HasSubstr("9:16: requests_total is already declared at test.yaml:5, and "
                                    "a family has one type, help, set of buckets and set of "
                                    "labels: type gauge here, counter there")));
  EXPECT_THAT(
      against("name: requests_total, help: Other., type: counter, probe: 'b:x', labels: {k: "
              "comm}"),
      ElementsAre(HasSubstr("help \"Other.\" here, \"Requests.\" there")));
  EXPECT_THAT(against(requests + "probe: 'b:x', labels: {k: comm, z: exe}"),
              ElementsAre(HasSubstr("labels k, z here, k there")));
  EXPECT_THAT(against(requests + "probe: 'b:x'"),
              ElementsAre(HasSubstr("labels none here, k there")));
}

TEST(Families, BucketsMustAgreeAsTheyAreShown) {
  const std::string sizes = "name: sizes, help: S., type: histogram, value: arg0, ";
  const auto two = [&sizes](const std::string& a, const std::string& b) {
    return messages(
        load_targets({target("a", metric(sizes + "probe: 'a:x', labels: {p: pid}, " + a)),
                      target("b", metric(sizes + "probe: 'b:x', labels: {p: pid}, " + b))}));
  };
  EXPECT_THAT(two("buckets: [1, 2]", "buckets: {log2: {min: 1, max: 2}}"), IsEmpty());
  EXPECT_THAT(two("buckets: [4kB, 8kB]", "buckets: [4, 8], scale: 2"),
              ElementsAre(HasSubstr("the buckets differ")));
}

TEST(Families, OneTargetMayBuildAFamilyFromSeveralProbes) {
  EXPECT_THAT(messages(load_targets(
                  {target("a", metric(requests + "probe: 'a:get', labels: {op: '\"get\"'}") +
                                   metric(requests + "probe: 'a:put', labels: {op: '\"put\"'}"))})),
              IsEmpty());
  EXPECT_THAT(messages(load_targets(
                  {target("a", metric(requests + "probe: 'a:get', labels: {op: probe}") +
                                   metric(requests + "probe: 'a:put', labels: {op: probe}"))})),
              IsEmpty());
  EXPECT_THAT(messages(load_targets(
                  {target("a", metric(requests + "probe: 'a:get', labels: {op: 1}") +
                                   metric(requests + "probe: 'a:put', labels: {op: 2}"))})),
              IsEmpty());
}

TEST(Families, InOneTargetPossiblyEqualSeriesAreAnError) {
  const auto twice = [](const std::string& labels) {
    return messages(
        load_targets({target("a", metric(requests + "probe: 'a:get', labels: " + labels) +
                                      metric(requests + "probe: 'a:put', labels: " + labels))}));
  };
  const auto error =
      ElementsAre(HasSubstr("test.yaml:6:16: requests_total is already declared at "
                            "test.yaml:5 in the same target, and both may produce "
                            "the same series"));
  EXPECT_THAT(twice("{}"), error);
  EXPECT_THAT(twice("{id: arg0}"), error);
  EXPECT_THAT(twice("{op: '\"same\"'}"), error);
}

TEST(Families, LiteralsThatAMapMakesEqualAreEqual) {
  EXPECT_THAT(
      messages(load_targets({target(
          "a", metric(requests + "probe: 'a:x', labels: {op: {value: 1, map: {1: one}}}") +
                   metric(requests + "probe: 'a:y', labels: {op: {value: 2, map: {2: one}}}"))})),
      ElementsAre(HasSubstr("both may produce the same series")));
}

TEST(Families, LiteralsThatARegexMakesEqualAreEqual) {
  const std::string label = "labels: {op: {value: 'probe', regex: '(.).*', replace: $1}}";
  EXPECT_THAT(
      messages(load_targets({target("a", metric(requests + "probe: 'a:read', " + label) +
                                             metric(requests + "probe: 'a:recv', " + label))})),
      ElementsAre(HasSubstr("both may produce the same series")));
  EXPECT_THAT(
      messages(load_targets({target("a", metric(requests + "probe: 'a:read', " + label) +
                                             metric(requests + "probe: 'a:write', " + label))})),
      IsEmpty());
}

TEST(Families, NoNameMayBeAPartOfAHistogram) {
  EXPECT_THAT(
      messages(load_targets({target(
          "a", metric("name: s_count, help: C., type: gauge, value: arg0, probe: 'a:x'") +
                   metric("name: s, help: S., type: histogram, value: arg0, probe: 'a:x', buckets: "
                          "[1]"))})),
      ElementsAre(HasSubstr("warning: s_count: _count is the name of a part"),
                  "test.yaml:5:16: s_count is also the name of a part of the histogram s at "
                  "test.yaml:6"));
}

TEST(Families, BrokenMetricsAreNotComparedAsWell) {
  EXPECT_THAT(
      messages(load_targets({target("a", metric(requests + "probe: 'a:x', labels: {k: comm}")),
                             target("b", metric(requests + "probe: 'b:x', labels: {k: cmm}"))})),
      ElementsAre(HasSubstr("unknown name \"cmm\"; did you mean \"comm\"?")));
}

TEST(Families, TargetNamesAreUniqueOverAllFiles) {
  const std::string text =
      "targets:\n" + target("a", metric(requests + "probe: 'a:x', labels: {p: pid}"));
  const std::vector<SourceText> sources = {{"one.yaml", text}, {"two.yaml", text}};
  EXPECT_THAT(messages(load(sources)),
              ElementsAre("two.yaml:2:11: the target a is already declared at one.yaml:2"));
}

}  // namespace
}  // namespace sdt::spec
