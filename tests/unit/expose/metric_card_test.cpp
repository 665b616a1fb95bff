#include "expose/metric_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view_builder.h"

namespace sdt::expose {
namespace {

using namespace std::chrono_literals;
using metrics::HistogramValue;
using spec::MetricType;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* evil = "<script>\"&'\xFF";
constexpr const char* evil_escaped = "&lt;script&gt;&quot;&amp;&#39;\xEF\xBF\xBD";

TEST(MetricCard, SaysWhatTheMetricIsAndWhatItCounted) {
  MetricView metric = counter_of(12345);
  metric.snapshot.help = "Work done.";
  metric.lately = lately_of(20, 12.5, 0.001);
  metric.self.series = 1;
  metric.self.overhead_nanoseconds = 1'500'000'000;
  EXPECT_EQ(metric_card(metric),
            "<article class=\"card\">\n"
            "<div class=\"head\"><h3><code>work_total</code></h3>"
            "<span class=\"state good\">attached</span></div>\n"
            "<p>Work done.</p>\n"
            "<p class=\"soft\">counter, probe <code>app:work</code></p>\n"
            "<p class=\"big\">12,345 <small>+12.5/s</small></p>\n"
            "<dl class=\"facts\">\n"
            "<div><dt>hits</dt><dd>20/s</dd></div>\n"
            "<div><dt>cost, estimated</dt><dd>0.1 % of the CPUs, 1.5 s so far</dd></div>\n"
            "<div><dt>series</dt><dd>1 of 1,000</dd></div>\n"
            "<div><dt>lost events</dt><dd>none</dd></div>\n"
            "</dl>\n"
            "</article>\n");
}

TEST(MetricCard, NumbersAreInTheUnitThatTheNameSays) {
  MetricView metric = counter_of(3'000'000, "wait_seconds_total");
  metric.snapshot.scale = 1e-9;
  metric.lately = lately_of(1, 0.0005);
  EXPECT_THAT(metric_card(metric), HasSubstr("3 ms <small>+500 µs/s</small>"));
}

TEST(MetricCard, RatesAreNotKnownBeforeASecondDrain) {
  const std::string card = metric_card(counter_of(5));
  EXPECT_THAT(card, HasSubstr("<p class=\"big\">5 <small></small></p>"));
  EXPECT_THAT(card, HasSubstr("<dt>hits</dt><dd><span class=\"soft\">not known yet</span></dd>"));
}

TEST(MetricCard, AHistogramIsDrawn) {
  MetricView metric = histogram_of({0.1}, HistogramValue{{2, 1}, 700'000'000});
  metric.lately = lately_of(1, 1);
  metric.lately->buckets = {1, 0};
  const std::string card = metric_card(metric);
  EXPECT_THAT(card,
              HasSubstr("aria-label=\"Histogram of work_seconds: 3 events, half of them ≤ 100 ms, "
                        "99 % &gt; 100 ms.\""));
  EXPECT_THAT(card, HasSubstr("last 12 s</th><td class=\"number\">1</td>"));
}

TEST(MetricCard, AGaugeOfOneSeriesIsItsValue) {
  MetricView metric = metric_of(MetricType::gauge, "depth");
  EXPECT_THAT(metric_card(metric), HasSubstr("No events yet."));
  metric.snapshot.series.push_back({{}, Int128{-3}});
  metric.series_total = 1;
  metric.total = Int128{-3};
  metric.lately = lately_of(4, 4);
  EXPECT_THAT(metric_card(metric), HasSubstr("<p class=\"big\">-3 <small>4 changes/s</small></p>"));
}

TEST(MetricCard, AGaugeOfManySeriesIsATableThatIsOpen) {
  MetricView metric = metric_of(MetricType::gauge, "depth");
  metric.snapshot.series = {{{{"queue", "a"}}, Int128{1}}, {{{"queue", "b"}}, Int128{2}}};
  metric.series_total = 2;
  metric.total = Int128{3};
  const std::string card = metric_card(metric);
  EXPECT_THAT(card, HasSubstr("<p class=\"big\">2 values"));
  EXPECT_THAT(card, HasSubstr("<details open>\n<summary>2 series</summary>"));
  EXPECT_THAT(card, HasSubstr("<code>queue=&quot;b&quot;</code></th><td class=\"number\">2</td>"));
}

TEST(MetricCard, AFewSeriesOfACounterShowWithoutAClick) {
  MetricView metric = counter_of(7);
  metric.snapshot.series = {{{{"kind", "a"}}, Int128{4}}, {{{"kind", "b"}}, Int128{3}}};
  metric.series_total = 2;
  EXPECT_THAT(metric_card(metric), HasSubstr("<details open>\n<summary>2 series</summary>"));
  metric.series_total = 7;
  EXPECT_THAT(metric_card(metric), HasSubstr("<details>\n<summary>7 series</summary>"));
}

TEST(MetricCard, SaysInWordsWhatKeepsAMetricFromCounting) {
  MetricView metric = counter_of(0);
  metric.state = AttachState::waiting;
  metric.reason = "waiting for its processes";
  EXPECT_THAT(metric_card(metric), HasSubstr("<span class=\"state wait\">waiting</span></div>\n"));
  EXPECT_THAT(metric_card(metric),
              HasSubstr("<p class=\"why wait\">waiting for its processes</p>\n"));
  metric.state = AttachState::failed;
  metric.reason = "/bin/app: no such argument";
  EXPECT_THAT(metric_card(metric), HasSubstr("<span class=\"state bad\">not attached</span>"));
  EXPECT_THAT(metric_card(metric),
              HasSubstr("<p class=\"why bad\">/bin/app: no such argument</p>\n"));
}

TEST(MetricCard, SaysWhenATrippedMetricIsTriedAgain) {
  MetricView metric = counter_of(0);
  metric.state = AttachState::tripped;
  metric.reason = "too many hits";
  metric.retry_in = 59s;
  metric.self.trips = 2;
  const std::string card = metric_card(metric);
  EXPECT_THAT(card, HasSubstr("<span class=\"state bad\">tripped</span>"));
  EXPECT_THAT(card, HasSubstr("<p class=\"why bad\">too many hits; tried again in 59 s</p>\n"));
  EXPECT_THAT(card, HasSubstr("<dt>tripped</dt><dd>2 times</dd>"));
}

TEST(MetricCard, SaysThatAMetricIsOnProbation) {
  MetricView metric = counter_of(0);
  metric.is_on_probation = true;
  EXPECT_THAT(metric_card(metric), HasSubstr("On probation"));
}

TEST(MetricCard, LossesHaveTheirReasonsAndWhatIsNotIsLeftOut) {
  MetricView metric = counter_of(0);
  metric.self.lost[static_cast<std::size_t>(LossReason::no_start)] = 1200;
  metric.self.lost[static_cast<std::size_t>(LossReason::fault)] = 3;
  metric.self.filtered = 7;
  const std::string card = metric_card(metric);
  EXPECT_THAT(card, HasSubstr("<dt>lost events</dt><dd>1,200 no_start, 3 fault</dd>"));
  EXPECT_THAT(card, HasSubstr("<dt>refused by where</dt><dd>7</dd>"));
  EXPECT_THAT(card, Not(HasSubstr("strings cut")));
}

TEST(MetricCard, ListsProbesAndFilesWithTheirSites) {
  MetricView metric = counter_of(0);
  metric.probes = {{{"app:work", 2, 1234}}, 1};
  metric.files = {{{"/bin/app", {{{"app:work", 2}}, 1}, {}}}, 1};
  const std::string card = metric_card(metric);
  EXPECT_THAT(card, HasSubstr("<summary>1 probe</summary>"));
  EXPECT_THAT(card, HasSubstr("<code>app:work</code></th><td class=\"number\">2</td>"
                              "<td class=\"number\">1,234</td>"));
  EXPECT_THAT(
      card,
      HasSubstr("<details>\n<summary>attached in 1 file</summary>\n<ul>\n"
                "<li><span class=\"path\">/bin/app</span>\n<ul>\n"
                "<li><code>app:work</code>, 2 sites</li>\n</ul>\n</li>\n</ul>\n</details>\n"));
}

TEST(MetricCard, SitesThatAreLeftOutShowWithoutAClick) {
  MetricView metric = counter_of(0);
  metric.files = {{{"/bin/app", {{{"app:work", 1}}, 1}, {{"app:work at 0x10 is a breakpoint"}, 1}}},
                  1};
  EXPECT_THAT(metric_card(metric),
              HasSubstr("<details open>\n<summary>attached in 1 file</summary>"));
  EXPECT_THAT(metric_card(metric),
              HasSubstr("<li>left out: app:work at 0x10 is a breakpoint</li>"));
}

TEST(MetricCard, SaysHowMuchOfALongListIsNotShown) {
  MetricView metric = counter_of(0);
  metric.snapshot.series = {{{{"id", "1"}}, Int128{1}}};
  metric.series_total = 1'000'001;
  metric.probes = {{{"app:work", 1, 1}}, 3};
  metric.files = {{{"/bin/app", {{}, 70}, {{}, 1}}}, 2};
  const std::string card = metric_card(metric);
  EXPECT_THAT(card, HasSubstr("and 1,000,000 more series"));
  EXPECT_THAT(card, HasSubstr("and 2 more probes"));
  EXPECT_THAT(card, HasSubstr("and 70 more probes"));
  EXPECT_THAT(card, HasSubstr("and 1 more site that is left out"));
  EXPECT_THAT(card, HasSubstr("and 1 more file<"));
}

TEST(MetricCard, EverythingThatOthersChoseIsEscaped) {
  MetricView metric = counter_of(0);
  metric.snapshot.help = evil;
  metric.declared = {{"probe", evil}};
  metric.state = AttachState::failed;
  metric.reason = evil;
  metric.snapshot.series = {{{{"label", evil}}, Int128{1}}};
  metric.probes = {{{evil, 1, 1}}, 1};
  metric.files = {{{evil, {{{evil, 1}}, 1}, {{evil}, 1}}}, 1};
  const std::string card = metric_card(metric);
  EXPECT_THAT(card, Not(HasSubstr("<script")));
  EXPECT_THAT(card, Not(HasSubstr("\xFF")));
  std::size_t shown = 0;
  for (std::size_t at = card.find(evil_escaped); at != std::string::npos;
       at = card.find(evil_escaped, at + 1)) {
    ++shown;
  }
  EXPECT_EQ(shown, 8U);
}

}  // namespace
}  // namespace sdt::expose
