// One metric: sources, values, scales, limits, and how they fit together.
#include "unit/spec/helpers.h"

namespace sdt::spec {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string counter = "name: events_total\ntype: counter\n";
const std::string gauge = "name: level\ntype: gauge\n";
const std::string histogram = "name: wait_seconds\ntype: histogram\nbuckets: [1ms, 1s]\n";
const std::string pair = "start: app:begin\nend: app:end\n";

IntExpr elapsed() {
  return IntExpr{{Load{Source::elapsed, 0}}};
}
IntExpr arg(std::uint8_t n) {
  return IntExpr{{Load{Source::argument, n}}};
}
IntExpr one() {
  return IntExpr{{Constant{1}}};
}

TEST(Metric, ACounterOnAProbeCountsItsFirings) {
  const Metric metric = metric_of(counter + "probe: \"python:gc__*\"");
  EXPECT_EQ(metric.name, "events_total");
  EXPECT_EQ(metric.help, "Text.");
  EXPECT_EQ(metric.type, MetricType::counter);
  EXPECT_EQ(std::get<SingleProbe>(metric.source).probe.text(), "python:gc__*");
  EXPECT_EQ(metric.value, one());
  EXPECT_EQ(metric.scale, 1);
  EXPECT_EQ(metric.max_series, 1000U);
  EXPECT_EQ(metric.expire_after, std::nullopt);
  EXPECT_EQ(metric.place, "test.yaml:5");
}

TEST(Metric, APairIsTimedPerThreadByDefault) {
  const Metric metric = metric_of(histogram + pair);
  const auto& interval = std::get<Interval>(metric.source);
  EXPECT_EQ(interval.start.text(), "app:begin");
  EXPECT_EQ(interval.end.text(), "app:end");
  EXPECT_TRUE(interval.thread_keyed);
  EXPECT_EQ(interval.nesting, Nesting::last);
  EXPECT_EQ(metric.value, elapsed());
  EXPECT_EQ(metric.scale, 1e-9);
}

TEST(Metric, ACounterOnAPairAddsUpTheSeconds) {
  const Metric metric = metric_of("name: busy_seconds_total\ntype: counter\n" + pair);
  EXPECT_EQ(metric.value, elapsed());
  EXPECT_EQ(metric.scale, 1e-9);
}

TEST(Metric, ACounterOnAPairCanCountThePairs) {
  const Metric metric = metric_of(counter + pair + "value: 1");
  EXPECT_EQ(metric.value, one());
  EXPECT_EQ(metric.scale, 1);
}

TEST(Metric, KeysCanBeAnyIntegerAndDifferBetweenStartAndEnd) {
  const auto same = std::get<Interval>(metric_of(histogram + pair + "key: arg0").source);
  EXPECT_FALSE(same.thread_keyed);
  EXPECT_EQ(same.start_key, arg(0));
  EXPECT_EQ(same.end_key, arg(0));

  const auto differ =
      std::get<Interval>(metric_of(histogram + pair + "key: {start: arg0, end: arg2}").source);
  EXPECT_FALSE(differ.thread_keyed);
  EXPECT_EQ(differ.start_key, arg(0));
  EXPECT_EQ(differ.end_key, arg(2));

  EXPECT_TRUE(std::get<Interval>(metric_of(histogram + pair + "key: tid").source).thread_keyed);
  EXPECT_TRUE(std::get<Interval>(metric_of(histogram + pair + "key: {start: tid, end: tid}").source)
                  .thread_keyed);
  EXPECT_FALSE(
      std::get<Interval>(metric_of(histogram + pair + "key: {start: tid, end: arg0}").source)
          .thread_keyed);
}

TEST(Metric, KeysCannotUseWhatOnlyThePairKnows) {
  EXPECT_THAT(complaints(histogram + pair + "key: elapsed"),
              ElementsAre(HasSubstr("key: elapsed and start.argN are only known once")));
  EXPECT_THAT(complaints(histogram + pair + "key: {start: start.arg0, end: start.arg1}"),
              ElementsAre(HasSubstr("key.start: elapsed and"), HasSubstr("key.end: elapsed and")));
  EXPECT_THAT(complaints(histogram + pair + "key: {start: arg0}"),
              ElementsAre("key needs a \"end\""));
}

TEST(Metric, NestingHasThreeWays) {
  const auto nesting = [](const std::string& word) {
    return std::get<Interval>(metric_of(histogram + pair + "key: arg0\nnesting: " + word).source)
        .nesting;
  };
  EXPECT_EQ(nesting("last"), Nesting::last);
  EXPECT_EQ(nesting("outermost"), Nesting::outermost);
  EXPECT_EQ(nesting("stack"), Nesting::stack);
  EXPECT_THAT(complaints(histogram + pair + "nesting: stak"),
              ElementsAre("nesting must be one of last, outermost, stack, not \"stak\"; did you "
                          "mean \"stack\"?"));
}

TEST(Metric, KeyAndNestingNeedAPair) {
  EXPECT_THAT(complaints(counter + "probe: app:x\nkey: arg0\nnesting: last"),
              ElementsAre("key only goes with start + end", "nesting only goes with start + end"));
}

TEST(Metric, AGaugeIsSetByAProbeOrRaisedAndLowered) {
  const Metric set = metric_of(gauge + "probe: app:x\nvalue: int32(arg0)\naggregate: last");
  EXPECT_TRUE(std::holds_alternative<SingleProbe>(set.source));
  EXPECT_EQ(set.value.steps.size(), 2U);

  const Metric moved = metric_of(gauge + "inc: app:open\ndec: app:close");
  const auto& up_down = std::get<UpDown>(moved.source);
  EXPECT_EQ(up_down.inc.text(), "app:open");
  EXPECT_EQ(up_down.dec.text(), "app:close");
  EXPECT_EQ(moved.value, one());
}

TEST(Metric, AGaugeOnAPairShowsTheLastTime) {
  const Metric metric = metric_of("name: last_gc_seconds\ntype: gauge\n" + pair);
  EXPECT_EQ(metric.value, elapsed());
}

TEST(Metric, AGaugeShowsTheLastTheLowestOrTheHighestValue) {
  const std::string set = gauge + "probe: app:x\nvalue: arg0\n";
  EXPECT_EQ(metric_of(set).aggregate, Aggregate::last);
  EXPECT_EQ(metric_of(set + "aggregate: last").aggregate, Aggregate::last);
  EXPECT_EQ(metric_of(set + "aggregate: min").aggregate, Aggregate::min);
  EXPECT_EQ(metric_of(set + "aggregate: max").aggregate, Aggregate::max);
}

TEST(Metric, AnArgumentAsItIsKeepsItsFractionWithAScale) {
  const std::string set = gauge + "probe: app:x\n";
  EXPECT_TRUE(metric_of(set + "value: arg0\nscale: 1").keeps_fraction);
  EXPECT_TRUE(metric_of(set + "value: arg0\nscale: 1ms").keeps_fraction);
  EXPECT_FALSE(metric_of(set + "value: arg0").keeps_fraction);
  EXPECT_FALSE(metric_of(set + "value: arg0 + 1\nscale: 1").keeps_fraction);
  EXPECT_FALSE(metric_of(set + "value: int64(arg0)\nscale: 1").keeps_fraction);
  const std::string timed = "name: last_gc_seconds\ntype: gauge\n" + pair;
  EXPECT_TRUE(metric_of(timed + "value: start.arg0\nscale: 1").keeps_fraction);
  EXPECT_FALSE(metric_of(timed + "scale: 1").keeps_fraction);
}

TEST(Metric, ExtremesAreThoseOfAGaugeThatIsSet) {
  EXPECT_THAT(complaints(gauge + "inc: app:open\ndec: app:close\naggregate: max"),
              ElementsAre("aggregate: max only goes with probe, or start + end; inc + dec show the "
                          "level of now"));
  EXPECT_THAT(complaints(gauge + "probe: app:x\nvalue: arg0\naggregate: mean"),
              ElementsAre("aggregate must be one of last, min, max, not \"mean\""));
  EXPECT_THAT(complaints(counter + "probe: app:x\naggregate: last"),
              ElementsAre("aggregate only goes with type: gauge"));
}

TEST(Metric, ExactlyOneKindOfSource) {
  const auto message = ElementsAre(HasSubstr("a metric needs exactly one of: probe"));
  EXPECT_THAT(complaints(counter), message);
  EXPECT_THAT(complaints(counter + "probe: app:x\n" + pair), message);
  EXPECT_THAT(complaints(gauge + "inc: app:x\ndec: app:y\n" + pair), message);
  EXPECT_THAT(complaints(counter + "start: app:x"),
              ElementsAre("start and end come together: end is missing"));
  EXPECT_THAT(complaints(gauge + "dec: app:x"),
              ElementsAre("inc and dec come together: inc is missing"));
  EXPECT_THAT(complaints(counter + "inc: app:x\ndec: app:y"),
              ElementsAre("inc + dec make a gauge, not a counter"));
}

TEST(Metric, ProbesAreProviderAndName) {
  for (const std::string probe : {"app", "app:", "\":x\"", "usdt:/bin/app:x:y", "''"}) {
    EXPECT_THAT(complaints(counter + "probe: " + probe), SizeIs(1)) << probe;
  }
  EXPECT_THAT(complaints(counter + "probe: app"),
              ElementsAre(HasSubstr("probe must be provider:name, such as python:gc__start")));
  EXPECT_THAT(complaints(counter + "probe: postgresql:query-start"),
              ElementsAre(HasSubstr("warning: probe: documentation writes - for what is __")));
}

TEST(Metric, AValueIsNeededWhereNoneIsObvious) {
  EXPECT_THAT(complaints(gauge + "probe: app:x"),
              ElementsAre("a gauge on a single probe needs a \"value\", such as value: arg0"));
  EXPECT_THAT(complaints("name: sizes\ntype: histogram\nbuckets: [1]\nprobe: app:x"),
              ElementsAre(HasSubstr("a histogram on a single probe needs a \"value\"")));
}

TEST(Metric, ElapsedAndStartArgumentsNeedAPair) {
  EXPECT_THAT(complaints(counter + "probe: app:x\nvalue: elapsed"),
              Contains("value: elapsed needs a metric with start + end"));
  EXPECT_THAT(complaints(counter + "probe: app:x\nwhere: start.arg2 > 1"),
              ElementsAre("where: start.arg2 needs a metric with start + end"));
  EXPECT_THAT(complaints(counter + "probe: app:x\nlabels: {a: str(start.arg0)}"),
              ElementsAre("label: start.arg0 needs a metric with start + end"));
  EXPECT_THAT(complaints(gauge + "inc: app:x\ndec: app:y\nvalue: start.arg0"),
              ElementsAre("value: start.arg0 needs a metric with start + end"));
  EXPECT_THAT(complaints(histogram + pair + "where: elapsed > 1ms && start.arg0 == arg0"),
              IsEmpty());
}

TEST(Metric, AtMostSixStartArguments) {
  const std::string six =
      "where: start.arg0 == start.arg1 && start.arg2 == 0 && start.arg0 > 3\n"
      "labels: {a: start.arg3, b: \"str(start.arg4, start.arg5)\"";
  EXPECT_THAT(complaints(histogram + pair + six + "}"), IsEmpty());
  EXPECT_THAT(complaints(histogram + pair + six + ", c: start.arg6}"),
              ElementsAre("label: a metric can use 6 different start.argN in all, this makes 7"));
}

TEST(Metric, ScaleIsANumberAboveZeroAndMayHaveAUnit) {
  const std::string set = gauge + "probe: app:x\nvalue: arg0\n";
  EXPECT_EQ(metric_of(set + "scale: 1e-6").scale, 1e-6);
  EXPECT_EQ(metric_of(set + "scale: 8KiB").scale, 8192);
  EXPECT_EQ(metric_of(set + "scale: 1us").scale, 1e-6);
  EXPECT_THAT(complaints(set + "scale: 0"), ElementsAre("scale must be greater than 0, not 0"));
  EXPECT_THAT(complaints(set + "scale: -1"), ElementsAre("scale must be greater than 0, not -1"));
}

TEST(Metric, ScaleMultipliesTheSecondsOfElapsed) {
  const Metric metric = metric_of(
      "name: wait\ntype: histogram\nbuckets: [1, 10]\nscale: 1000\nvalue: elapsed / 2\n" + pair);
  EXPECT_EQ(metric.scale, 1e-6);
  EXPECT_EQ(metric.bounds[1].raw, 10'000'000);
}

TEST(Metric, WhereTakesEightComparisons) {
  std::string where = "where: arg0 == 0";
  for (int i = 1; i < 8; ++i) where += " && arg0 == " + std::to_string(i);
  EXPECT_THAT(metric_of(counter + "probe: app:x\n" + where).where, SizeIs(8));
  EXPECT_THAT(complaints(counter + "probe: app:x\n" + where + " && arg0 == 8"),
              ElementsAre("where: 9 comparisons, at most 8 are possible"));
}

TEST(Metric, BucketsAreForHistogramsAndOnlyForThem) {
  EXPECT_THAT(complaints(counter + "probe: app:x\nbuckets: [1]"),
              ElementsAre("buckets only go with type: histogram"));
  EXPECT_THAT(complaints("name: wait_seconds\ntype: histogram\n" + pair),
              ElementsAre("a metric needs a \"buckets\""));
}

TEST(Metric, ACounterNeverGoesDown) {
  EXPECT_THAT(complaints(counter + "probe: app:x\nvalue: -1"),
              ElementsAre("value: a counter only grows; a negative value needs a gauge"));
}

TEST(Metric, LimitsAreChecked) {
  EXPECT_EQ(metric_of(counter + "probe: app:x\nmax_series: 1000000").max_series, 1'000'000U);
  for (const std::string count : {"0", "1000001", "-5", "many", "1e3"}) {
    EXPECT_THAT(
        complaints(counter + "probe: app:x\nmax_series: " + count),
        ElementsAre("max_series must be a whole number from 1 to 1000000, not \"" + count + "\""));
  }
  EXPECT_EQ(metric_of(counter + "probe: app:x\nexpire_after: 10m").expire_after,
            std::chrono::minutes(10));
  EXPECT_THAT(complaints(counter + "probe: app:x\nexpire_after: 10"), SizeIs(1));
  EXPECT_THAT(complaints(counter + "probe: app:x\nexpire_after: 0s"), SizeIs(1));
}

TEST(Metric, NameAndTypeAreNeededAndHelpIsAdvised) {
  EXPECT_THAT(complaints("probe: app:x"),
              ElementsAre("a metric needs a \"name\"", "a metric needs a \"type\""));
  EXPECT_THAT(complaints("name: x_total\ntype: summary\nprobe: app:x"),
              ElementsAre("type must be one of counter, gauge, histogram, not \"summary\""));
  EXPECT_THAT(messages(load_text(file_with({"name: x_total\ntype: counter\nprobe: app:x"}))),
              ElementsAre("test.yaml:5:15: warning: x_total has no help text: say what it counts "
                          "and in which unit"));
}

TEST(Metric, BadStyleIsAWarning) {
  const LoadResult result = load_metric("name: events\ntype: counter\nprobe: app:x");
  EXPECT_TRUE(result.ok());
  EXPECT_THAT(messages(result),
              ElementsAre("test.yaml:6:15: warning: events: a counter's name ends "
                          "in _total: events_total"));
}

TEST(Metric, LeftToRightSurprisesAreWarnings) {
  const LoadResult result = load_metric(counter + "probe: app:x\nvalue: arg0 + 1 * 2");
  EXPECT_TRUE(result.ok());
  EXPECT_THAT(messages(result),
              ElementsAre(HasSubstr("test.yaml:9:25: warning: value: operators")));
}

TEST(Metric, MistakesInsideExpressionsPointAtTheirByte) {
  EXPECT_THAT(messages(load_metric(counter + "probe: app:x\nwhere: arg0 == 1 && arg99 > 2")),
              ElementsAre(HasSubstr("test.yaml:9:29: where: there is no arg99")));
  EXPECT_THAT(messages(load_metric(counter + "probe: app:x\nwhere: \"arg0 == 1 && arg99 > 2\"")),
              ElementsAre(HasSubstr("test.yaml:9:30: where: there is no arg99")));
  EXPECT_THAT(
      messages(load_metric(counter + "probe: app:x\nwhere: >\n  arg0 == 1 &&\n  arg99 > 2")),
      ElementsAre(HasSubstr("test.yaml:9:16: where: there is no arg99")));
}

TEST(Metric, UnknownKeysNameTheNearestAndAllAllowed) {
  EXPECT_THAT(messages(load_metric(counter + "probe: app:x\nlables: {}")),
              ElementsAre("test.yaml:9:9: unknown key \"lables\" in a metric; did you mean "
                          "\"labels\"? (allowed: name, type, help, probe, start, end, inc, dec, "
                          "key, nesting, value, aggregate, scale, where, labels, buckets, "
                          "max_series, expire_after)"));
}

TEST(Metric, AMetricIsAMap) {
  EXPECT_THAT(
      messages(load_text(file_with({"text"}))),
      ElementsAre(AllOf(HasSubstr("test.yaml:5:9: a metric must be a map with the keys name"),
                        HasSubstr("not a single value"))));
}

}  // namespace
}  // namespace sdt::spec
