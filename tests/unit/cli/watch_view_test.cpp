#include "cli/watch_view.h"

#include <gmock/gmock.h>

#include "base/samples.h"

namespace sdt::cli {
namespace {

using metrics::HistogramValue;
using metrics::MetricSnapshot;
using metrics::SelfMetrics;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::chrono::steady_clock::time_point start{};

MetricSnapshot responses(Int128 ok, Int128 failed) {
  MetricSnapshot metric{
      .name = "shop_responses_total", .help = "Answers.", .bounds = {}, .series = {}};
  metric.series.push_back({{{"result", "error"}}, failed});
  metric.series.push_back({{{"result", "ok"}}, ok});
  return metric;
}

MetricSnapshot durations(std::vector<std::uint64_t> buckets, Int128 sum) {
  MetricSnapshot metric{.name = "shop_request_duration_seconds",
                        .help = "",
                        .type = spec::MetricType::histogram,
                        .scale = 1e-9,
                        .bounds = {0.001, 0.002, 0.004},
                        .series = {}};
  metric.series.push_back({{}, HistogramValue{std::move(buckets), sum}});
  return metric;
}

/// One target with one metric, attached.
Moment moment(MetricSnapshot metric, seconds after = seconds(0)) {
  Moment moment{.at = start + after, .snapshot = {}, .self = {}};
  SelfMetrics::Metric self;
  self.name = metric.name;
  self.attached = true;
  self.state = "attached";
  self.series = metric.series.size();
  moment.self.targets.push_back({.name = "shop", .processes = 2, .waiting = false, .metrics = {}});
  moment.self.targets[0].metrics.push_back(self);
  moment.snapshot.metrics.push_back(std::move(metric));
  return moment;
}

TEST(WatchView, ShowsARowForEachSeriesWithItsRate) {
  const Moment before = moment(responses(1000, 0));
  const Moment now = moment(responses(1234, 3), seconds(2));
  EXPECT_THAT(
      draw(now, &before, {}),
      ElementsAre("1 of 1 metrics attached, 2 processes of 1 target, 2 series", "",
                  "shop  2 processes", "  shop_responses_total  Answers.",
                  "    result=\"error\"     3  1.5/s", "    result=\"ok\"     1234  117/s"));
}

TEST(WatchView, HasNoRatesAtFirst) {
  const auto lines = draw(moment(responses(1234, 3)), nullptr, {});
  EXPECT_THAT(lines, Contains("    result=\"ok\"     1234"));
}

TEST(WatchView, CountsASeriesThatIsNewFromZero) {
  Moment before = moment(responses(10, 0));
  before.snapshot.metrics[0].series.clear();
  const auto lines = draw(moment(responses(10, 0), seconds(1)), &before, {});
  EXPECT_THAT(lines, Contains("    result=\"ok\"     10  10/s"));
}

TEST(WatchView, ShowsAGaugeWithoutARate) {
  MetricSnapshot queue{.name = "shop_queue",
                       .help = "",
                       .type = spec::MetricType::gauge,
                       .bounds = {},
                       .series = {}};
  queue.series.push_back({{}, Int128{-3}});
  const Moment before = moment(queue);
  EXPECT_THAT(draw(moment(queue, seconds(1)), &before, {}), Contains("      -3"));
}

TEST(WatchView, DrawsTheBucketsOfAHistogramFromTheFirstFilledToTheLast) {
  const Moment before = moment(durations({0, 0, 0, 0}, 0));
  const Moment now = moment(durations({0, 8, 0, 16}, 96'000'000), seconds(1));
  const Picture picture{.style = {.colours = false, .unicode = true}, .width = 50};
  const auto lines = draw(now, &before, picture);
  EXPECT_THAT(
      std::vector<std::string>(lines.begin() + 3, lines.end()),
      ElementsAre("  shop_request_duration_seconds", "      24  24/s  mean 4ms",
                  "      le       2ms             8  ████████", "      le       4ms             0",
                  "      le      +Inf            16  ████████████████"));
}

TEST(WatchView, DrawsBarsOfEighthsAndNeverNoneForSomething) {
  const Picture picture{.style = {.colours = false, .unicode = true}, .width = 44};
  const auto lines = draw(moment(durations({1, 1000, 355, 0}, 0)), nullptr, picture);
  EXPECT_THAT(lines, Contains("      le       1ms             1  ▏"));
  EXPECT_THAT(lines, Contains("      le       2ms          1000  ██████████"));
  EXPECT_THAT(lines, Contains("      le       4ms           355  ███▌"));
}

TEST(WatchView, DrawsBarsOfAsciiWhereTheLocaleHasNothingElse) {
  const auto lines = draw(moment(durations({1, 2, 0, 0}, 0)), nullptr, {.style = {}, .width = 44});
  EXPECT_THAT(lines, Contains("      le       1ms             1  #####"));
  EXPECT_THAT(lines, Contains("      le       2ms             2  ##########"));
}

TEST(WatchView, SaysWhyAMetricIsNotAttached) {
  Moment now = moment(durations({0, 0, 0, 0}, 0));
  now.self.targets[0].metrics[0].attached = false;
  now.self.targets[0].metrics[0].state = "waiting for its processes";
  EXPECT_THAT(draw(now, nullptr, {}),
              Contains("  shop_request_duration_seconds  waiting for its processes"));
}

TEST(WatchView, SaysWhatWasLost) {
  Moment now = moment(responses(1, 0));
  now.self.targets[0].metrics[0].lost[static_cast<std::size_t>(LossReason::no_start)] = 7;
  now.self.targets[0].metrics[0].lost[static_cast<std::size_t>(LossReason::fault)] = 1;
  EXPECT_THAT(draw(now, nullptr, {}),
              Contains("  shop_responses_total  Answers.  lost: no_start 7, fault 1"));
}

TEST(WatchView, SaysWhenNothingHasHappenedYet) {
  Moment now = moment(responses(0, 0));
  now.snapshot.metrics[0].series.clear();
  EXPECT_THAT(draw(now, nullptr, {}), Contains("    no events yet"));
}

TEST(WatchView, LetsNoControlCharacterOfALabelThrough) {
  MetricSnapshot metric = responses(1, 0);
  metric.series[0].labels = {{"path", "/\x1b[2J\n"}};
  for (const std::string& line : draw(moment(metric), nullptr, {})) {
    for (const char c : line) EXPECT_GE(c, ' ') << line;
  }
  EXPECT_THAT(draw(moment(metric), nullptr, {}), Contains(HasSubstr("path=\"/\\x1b[2J\\x0a\"")));
}

TEST(WatchView, CutsLabelsThatWouldTakeTheWholeLine) {
  MetricSnapshot metric = responses(1, 0);
  metric.series[0].labels = {{"path", std::string(200, 'x')}};
  const auto lines = draw(moment(metric), nullptr, {.style = {}, .width = 60});
  EXPECT_EQ(lines[4], "    path=\"xxxxxxxxxxxxxxxxxxxxxxx…  0");
}

TEST(WatchView, PaintsOnlyWhereColoursAreWanted) {
  const auto plain = draw(moment(responses(1, 0)), nullptr, {});
  for (const std::string& line : plain) EXPECT_EQ(line.find('\x1b'), std::string::npos);
  const auto painted = draw(moment(responses(1, 0)), nullptr, {.style = {.colours = true}});
  EXPECT_THAT(painted, Contains("\x1b[1mshop\x1b[0m  2 processes"));
}

}  // namespace
}  // namespace sdt::cli
