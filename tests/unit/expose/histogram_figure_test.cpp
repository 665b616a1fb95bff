#include "expose/histogram_figure.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::expose {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

using Buckets = std::vector<std::uint64_t>;

std::string figure(const std::vector<double>& bounds, const Buckets& all) {
  return to_html(HistogramFigure{"work_seconds", bounds, all});
}

std::size_t occurrences(const std::string& text, std::string_view of) {
  std::size_t count = 0;
  for (std::size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
  return count;
}

TEST(HistogramFigure, IsAPictureWithATableOfWhatItSays) {
  EXPECT_EQ(
      figure({0.001, 0.01}, {1, 3, 0}),
      "<figure>\n"
      "<svg viewBox=\"0 0 30 100\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"Histogram of work_seconds: 4 events, half of them ≤ 10 ms, 99 % ≤ 10 ms.\">\n"
      "<g><title>≤ 1 ms: 1</title><rect class=\"all\" x=\"1\" y=\"67\" width=\"8\" "
      "height=\"33\"/></g>\n"
      "<g><title>≤ 10 ms: 3</title><rect class=\"all\" x=\"11\" y=\"0\" width=\"8\" "
      "height=\"100\"/></g>\n"
      "</svg>\n"
      "<div class=\"axis\" aria-hidden=\"true\"><span>≤ 1 ms</span><span>&gt; 10 ms</span></div>\n"
      "<div class=\"wide\"><table>\n"
      "<thead><tr><th scope=\"col\">when</th><th scope=\"col\" "
      "class=\"number\">events</th>"
      "<th scope=\"col\" class=\"number\">50 %</th><th scope=\"col\" class=\"number\">90 %</th>"
      "<th scope=\"col\" class=\"number\">99 %</th></tr></thead>\n"
      "<tbody>\n"
      "<tr><th scope=\"row\"><span class=\"swatch\"></span>in all</th><td class=\"number\">4</td>"
      "<td class=\"number\">≤ 10 ms</td><td class=\"number\">≤ 10 ms</td>"
      "<td class=\"number\">≤ 10 ms</td></tr>\n"
      "</tbody>\n</table></div>\n</figure>\n");
}

TEST(HistogramFigure, ShowsTheLastSecondsInFrontOfEverything) {
  const std::vector<double> bounds{0.001, 0.01};
  const Buckets all{10, 10, 0};
  const std::string html = to_html(HistogramFigure{"work_seconds", bounds, all, 12s, {0, 4, 0}});
  EXPECT_THAT(html, HasSubstr("<rect class=\"all\" x=\"11\" y=\"50\" width=\"8\" height=\"50\"/>"
                              "<rect class=\"now\" x=\"13\" y=\"0\" width=\"4\" height=\"100\"/>"));
  EXPECT_THAT(html, HasSubstr("<span class=\"swatch is-now\"></span>last 12 s</th>"
                              "<td class=\"number\">4</td><td class=\"number\">≤ 10 ms</td>"));
}

TEST(HistogramFigure, LastSecondsWithoutEventsHaveNoBoundsToTell) {
  const std::vector<double> bounds{0.001};
  const Buckets all{10, 0};
  const std::string html = to_html(HistogramFigure{"work_seconds", bounds, all, 12s, {0, 0}});
  EXPECT_THAT(html,
              HasSubstr("last 12 s</th><td class=\"number\">0</td><td class=\"number\"></td>"));
  EXPECT_THAT(html, Not(HasSubstr("class=\"now\"")));
}

TEST(HistogramFigure, WithoutEventsThereIsNothingToDraw) {
  EXPECT_EQ(figure({1}, {0, 0}), "<p class=\"soft\">No events yet.</p>\n");
}

TEST(HistogramFigure, EventsAboveTheLastBoundAreSaidToBe) {
  EXPECT_THAT(figure({0.5}, {0, 7}), HasSubstr("half of them &gt; 500 ms"));
}

TEST(HistogramFigure, OneEventAmongMillionsCanBeSeen) {
  EXPECT_THAT(figure({1, 2}, {100'000'000, 1, 0}),
              HasSubstr("<title>≤ 2 s: 1</title><rect class=\"all\" x=\"11\" y=\"98\" width=\"8\" "
                        "height=\"2\"/>"));
}

TEST(HistogramFigure, BucketsWithoutEventsAtTheEndsAreLeftOut) {
  std::vector<double> bounds(100);
  std::ranges::generate(bounds, [bound = 0.0]() mutable { return ++bound; });
  Buckets all(101);
  std::fill(all.begin() + 40, all.begin() + 60, 1);
  EXPECT_THAT(figure(bounds, all), HasSubstr("viewBox=\"0 0 200 100\""));
  EXPECT_THAT(figure(bounds, all), HasSubstr("<span>40 s</span><span>1 min</span>"));
}

TEST(HistogramFigure, HundredsOfBucketsArePutTogether) {
  std::vector<double> bounds(256);
  std::ranges::generate(bounds, [bound = 0.0]() mutable { return ++bound; });
  const Buckets all(257, 10);
  const std::string html = figure(bounds, all);
  EXPECT_EQ(occurrences(html, "<rect"), 52U);  // five in each but the last, which has two
  EXPECT_THAT(html, HasSubstr("<title>≤ 5 s: 50</title>"));
  EXPECT_THAT(html, HasSubstr("<title>&gt; 4.27 min: 20</title>"));
  EXPECT_LT(html.size(), 10'000U);
}

TEST(HistogramFigure, PercentilesAreTheBucketThatReachesThem) {
  EXPECT_EQ(percentile_bucket({50, 50}, 50), 0U);
  EXPECT_EQ(percentile_bucket({49, 51}, 50), 1U);
  EXPECT_EQ(percentile_bucket({99, 0, 1}, 99), 0U);
  EXPECT_EQ(percentile_bucket({98, 0, 2}, 99), 2U);
  EXPECT_EQ(percentile_bucket({0, 1, 0}, 50), 1U);
}

TEST(HistogramFigure, PercentilesOfTheLargestCountsDoNotOverflow) {
  EXPECT_EQ(percentile_bucket({1ULL << 62, 1ULL << 62, 1}, 50), 1U);
}

}  // namespace
}  // namespace sdt::expose
