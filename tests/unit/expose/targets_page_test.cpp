#include "expose/targets_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view_builder.h"

namespace sdt::expose {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string page_of(TargetView target) {
  return targets_page(view_of({std::move(target)}), "");
}

TargetView shop() {
  return target_of("shop", {counter_of(5)});
}

TEST(TargetsPage, BeginsWithHowMuchThereIsAndHowOldItIs) {
  EXPECT_THAT(targets_page(view_of({shop(), shop()}), ""),
              HasSubstr("<h1>Targets</h1>\n<p class=\"lead\">2 targets, counted 0.3 s ago. "
                        "<a href=\"/targets?refresh=5\">Refresh every 5 s</a></p>\n"));
}

TEST(TargetsPage, RefreshesOnlyWhereTheQueryAsksForIt) {
  const std::string live = targets_page(view_of({shop()}), "refresh=5");
  EXPECT_THAT(live, HasSubstr("<meta http-equiv=\"refresh\" content=\"5\">"));
  EXPECT_THAT(live, HasSubstr("<a href=\"/targets\">Stop refreshing</a>"));
  for (const char* query : {"", "refresh=1", "refresh=5&x", "refresh=5\"><script>"}) {
    const std::string page = targets_page(view_of({shop()}), query);
    EXPECT_THAT(page, Not(HasSubstr("http-equiv=\"refresh\""))) << query;
    EXPECT_THAT(page, Not(HasSubstr("<script"))) << query;
  }
}

TEST(TargetsPage, ATargetIsASectionWithItsMetrics) {
  const std::string page = page_of(shop());
  EXPECT_THAT(page,
              HasSubstr("<section class=\"target\" id=\"shop\" aria-labelledby=\"shop-name\">\n"
                        "<div class=\"head\"><h2 id=\"shop-name\">shop</h2>"
                        "<span class=\"state good\">counting</span></div>\n"));
  EXPECT_THAT(page, HasSubstr("<dt>metrics attached</dt><dd>1 of 1</dd>"));
  EXPECT_THAT(page, HasSubstr("<code>work_total</code>"));
}

TEST(TargetsPage, TheUseOfTheBudgetIsSaidAndDrawn) {
  TargetView target = shop();
  target.budget.hits_per_second = 5000;
  target.metrics[0].lately = lately_of(1000, 1000, 0.025);
  const std::string page = page_of(std::move(target));
  EXPECT_THAT(page, HasSubstr("<dt>hits</dt><dd>1,000/s of 5,000/s</dd>"));
  EXPECT_THAT(
      page,
      HasSubstr("<dd>2.5 % of 10 % <meter min=\"0\" max=\"100\" low=\"50\" high=\"80\" "
                "optimum=\"0\" value=\"25\" aria-label=\"used of the budget\">25 %</meter></dd>"));
}

TEST(TargetsPage, WithoutABudgetThereIsNoLimitToDraw) {
  TargetView target = shop();
  target.budget.cpu.reset();
  target.metrics[0].lately = lately_of(1000, 1000, 0.025);
  EXPECT_THAT(page_of(std::move(target)), HasSubstr("<dd>2.5 %, no limit</dd>"));
}

TEST(TargetsPage, AProcessIsItsNumberNameAndExecutable) {
  TargetView target = shop();
  target.processes = {{{4711, "/usr/bin/shop", "shop-main"}}, 1};
  EXPECT_THAT(
      page_of(std::move(target)),
      HasSubstr(
          "<summary>1 process</summary>\n<div class=\"wide\"><table>\n<thead><tr>"
          "<th scope=\"col\">pid</th><th scope=\"col\">name</th><th scope=\"col\">executable</th>"
          "</tr></thead>\n<tbody>\n"
          "<tr><td>4711</td><td><code>shop-main</code></td>"
          "<td class=\"path\">/usr/bin/shop</td></tr>\n</tbody>\n</table></div>\n</details>\n"));
}

TEST(TargetsPage, WithoutProcessesItSaysSo) {
  EXPECT_THAT(page_of(shop()), HasSubstr("No process matches."));
}

TEST(TargetsPage, SaysHowManyProcessesAreNotShown) {
  TargetView target = shop();
  target.processes = {{{1, "/bin/a", "a"}}, 5001};
  const std::string page = page_of(std::move(target));
  EXPECT_THAT(page, HasSubstr("<summary>5,001 processes</summary>"));
  EXPECT_THAT(page, HasSubstr("and 5,000 more processes"));
}

TEST(TargetsPage, NamesOfProcessesAreEscaped) {
  TargetView target = shop();
  target.processes = {{{1, "/tmp/<img src=x>", "\"><script>\xFF"}}, 1};
  const std::string page = page_of(std::move(target));
  EXPECT_THAT(page, HasSubstr("<code>&quot;&gt;&lt;script&gt;\xEF\xBF\xBD</code>"));
  EXPECT_THAT(page, HasSubstr("/tmp/&lt;img src=x&gt;"));
}

TEST(TargetsPage, StateOfATargetIsTheWorstOfItsMetrics) {
  TargetView target = shop();
  target.is_waiting = true;
  EXPECT_THAT(page_of(target), HasSubstr("<span class=\"state wait\">waiting</span></div>\n<dl"));
  target.metrics[0].state = AttachState::tripped;
  EXPECT_THAT(page_of(target), HasSubstr("<span class=\"state bad\">in trouble</span></div>\n<dl"));
}

TEST(TargetsPage, ThousandsOfMetricsMakeNoHugePage) {
  const TargetView large = target_of("large", std::vector<MetricView>(150, counter_of(1)));
  const std::string page = targets_page(view_of({large, large, large, large}), "");
  std::size_t cards = 0;
  for (std::size_t at = page.find("<article"); at != std::string::npos;
       at = page.find("<article", at + 1)) {
    ++cards;
  }
  EXPECT_EQ(cards, most_on_a_page);
  EXPECT_THAT(page, HasSubstr("and 100 more metrics"));
  EXPECT_THAT(page, HasSubstr("and 2 more targets"));
}

TEST(TargetsPage, AConfigWithoutTargetsHasAPageToo) {
  EXPECT_THAT(targets_page(view_of({}), ""), HasSubstr("The config has no targets."));
}

TEST(OverviewPage, LeadsEverywhere) {
  const std::string page = overview_page(view_of({}));
  for (const char* path : {"/metrics", "/targets", "/api/v1/targets", "/-/healthy", "/-/ready"}) {
    EXPECT_THAT(page, HasSubstr("<li><a href=\"" + std::string(path) + "\">"));
  }
  EXPECT_THAT(page, HasSubstr("version 1.2.3"));
}

TEST(OverviewPage, HasALineForEachTarget) {
  TargetView target = shop();
  target.processes.total = 1234;
  target.metrics[0].lately = lately_of(12.5, 1, 0.001);
  target.metrics[0].self.lost[0] = 2;
  target.metrics.push_back(counter_of(1));
  target.metrics[1].state = AttachState::waiting;
  EXPECT_THAT(
      overview_page(view_of({target})),
      HasSubstr("<tr><th scope=\"row\"><a href=\"/targets#shop\">shop</a></th>"
                "<td><span><span class=\"state good\">counting</span></span></td>"
                "<td class=\"number\" data-name=\"processes\"><span>1,234</span></td>"
                "<td class=\"number\" data-name=\"attached\"><span>1 of 2</span></td>"
                "<td class=\"number\" data-name=\"hits\"><span>12.5/s</span></td>"
                "<td class=\"number\" data-name=\"CPU time\"><span>0.1 %</span></td>"
                "<td class=\"number\" data-name=\"lost events\"><span>2</span></td></tr>\n"));
}

TEST(OverviewPage, SaysHowManyTargetsAreNotShown) {
  EXPECT_THAT(overview_page(view_of(std::vector<TargetView>(203, shop()))),
              HasSubstr("and 3 more targets"));
}

}  // namespace
}  // namespace sdt::expose
