#include "expose/histogram_figure.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>

#include <fmt/format.h>

#include "base/int128.h"
#include "expose/html.h"
#include "expose/readable.h"

namespace sdt::expose {
namespace {

using Buckets = std::vector<std::uint64_t>;

constexpr std::size_t most_columns = 64;
constexpr std::size_t fewest_columns = 12;  ///< one full bucket alone would be a block
constexpr unsigned column_width = 10;
constexpr unsigned height = 100;

std::uint64_t sum_of(const Buckets& buckets) {
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

/// Which buckets are drawn, and how many of them make a column.
struct Frame {
  std::size_t first = 0;
  std::size_t count = 0;
  std::size_t per_column = 1;
  [[nodiscard]] std::size_t columns() const { return (count + per_column - 1) / per_column; }
};

Frame frame_of(const Buckets& all) {
  const auto has_events = [](std::uint64_t events) { return events > 0; };
  const auto first = std::ranges::find_if(all, has_events);
  if (first == all.end()) return {};
  const auto last = std::find_if(all.rbegin(), all.rend(), has_events).base();
  std::size_t from = static_cast<std::size_t>(first - all.begin());
  std::size_t to = static_cast<std::size_t>(last - all.begin());
  while (to - from < std::min(fewest_columns, all.size())) {
    if (to < all.size()) ++to;
    if (from > 0 && to - from < fewest_columns) --from;
  }
  const std::size_t count = to - from;
  return {from, count, (count + most_columns - 1) / most_columns};
}

Buckets columns_of(const Buckets& buckets, const Frame& frame) {
  Buckets columns(frame.columns());
  for (std::size_t i = 0; i < frame.count && frame.first + i < buckets.size(); ++i) {
    columns[i / frame.per_column] += buckets[frame.first + i];
  }
  return columns;
}

/// Heights of the columns where the largest share of either is the full height; whatever is not
/// nothing can be seen.
class Heights {
 public:
  Heights(const Buckets& all, const Buckets& lately) {
    largest_ = std::max(largest_share(all), largest_share(lately));
  }
  [[nodiscard]] unsigned of(std::uint64_t events, std::uint64_t total) const {
    constexpr unsigned least = 2;
    if (events == 0) return 0;
    const double share = static_cast<double>(events) / static_cast<double>(total);
    return std::max(least, static_cast<unsigned>(std::lround(share / largest_ * height)));
  }

 private:
  static double largest_share(const Buckets& columns) {
    const std::uint64_t total = sum_of(columns);
    if (total == 0) return 0;
    return static_cast<double>(*std::ranges::max_element(columns)) / static_cast<double>(total);
  }
  double largest_ = 0;
};

/// "≤ 400 µs", or "> 8 s" for what is above the last bound.
std::string up_to(const HistogramFigure& figure, std::size_t bucket) {
  const Unit unit = unit_of(figure.name);
  if (bucket < figure.bounds.size()) return "≤ " + readable_in(unit, figure.bounds[bucket]);
  if (figure.bounds.empty()) return "any";
  return "> " + readable_in(unit, figure.bounds.back());
}

void append_bar(std::string& out, std::string_view kind, std::size_t column, unsigned inset,
                unsigned bar) {
  if (bar == 0) return;
  fmt::format_to(std::back_inserter(out),
                 R"(<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>)", kind,
                 column * column_width + inset, height - bar, column_width - 2 * inset, bar);
}

std::string picture(const HistogramFigure& figure, const Frame& frame, std::string_view label) {
  const Buckets all = columns_of(figure.all, frame);
  const Buckets lately = columns_of(figure.lately, frame);
  const Heights heights(all, lately);
  const std::uint64_t all_events = sum_of(all);
  const std::uint64_t late_events = sum_of(lately);
  std::string out = fmt::format(
      R"(<svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">)",
      frame.columns() * column_width, height, label);
  out += '\n';
  for (std::size_t i = 0; i < frame.columns(); ++i) {
    if (all[i] == 0) continue;
    const std::size_t last = std::min(frame.first + (i + 1) * frame.per_column, figure.all.size());
    fmt::format_to(std::back_inserter(out), "<g><title>{}: {}</title>",
                   escaped(up_to(figure, last - 1)), readable(all[i]));
    append_bar(out, "all", i, 1, heights.of(all[i], all_events));
    append_bar(out, "now", i, 3, heights.of(lately[i], late_events));
    out += "</g>\n";
  }
  return out + "</svg>\n";
}

/// What the first and the last column are.
std::string axis(const HistogramFigure& figure, const Frame& frame) {
  const Unit unit = unit_of(figure.name);
  const std::size_t last = frame.first + frame.count - 1;
  const std::string from = frame.first == 0 ? up_to(figure, frame.per_column - 1)
                                            : readable_in(unit, figure.bounds[frame.first - 1]);
  const std::string to =
      last < figure.bounds.size() ? readable_in(unit, figure.bounds[last]) : up_to(figure, last);
  return fmt::format(
      "<div class=\"axis\" aria-hidden=\"true\"><span>{}</span><span>{}</span></div>\n",
      escaped(from), escaped(to));
}

std::string row(const HistogramFigure& figure, const Buckets& buckets, std::string_view swatch,
                std::string_view what) {
  const std::uint64_t events = sum_of(buckets);
  std::string out = fmt::format(
      "<tr><th scope=\"row\"><span class=\"{}\"></span>{}</th><td class=\"number\">{}</td>", swatch,
      what, readable(events));
  for (const unsigned percent : {50U, 90U, 99U}) {
    const std::string bound = events == 0 ? "" : up_to(figure, percentile_bucket(buckets, percent));
    fmt::format_to(std::back_inserter(out), "<td class=\"number\">{}</td>", escaped(bound));
  }
  return out + "</tr>\n";
}

}  // namespace

std::size_t percentile_bucket(const Buckets& buckets, unsigned percent) {
  const Int128 wanted = Int128{sum_of(buckets)} * percent;
  Int128 seen = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    seen += Int128{buckets[i]} * 100;
    if (buckets[i] > 0 && seen >= wanted) return i;
  }
  return buckets.size() - 1;
}

std::string to_html(const HistogramFigure& figure) {
  const Frame frame = frame_of(figure.all);
  if (frame.count == 0) return "<p class=\"soft\">No events yet.</p>\n";
  const std::string label = fmt::format("Histogram of {}: {} events, half of them {}, 99 % {}.",
                                        escaped(figure.name), readable(sum_of(figure.all)),
                                        escaped(up_to(figure, percentile_bucket(figure.all, 50))),
                                        escaped(up_to(figure, percentile_bucket(figure.all, 99))));
  std::string out = "<figure>\n" + picture(figure, frame, label) + axis(figure, frame) +
                    "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">when</th>"
                    "<th scope=\"col\" class=\"number\">events</th>"
                    "<th scope=\"col\" class=\"number\">50 %</th>"
                    "<th scope=\"col\" class=\"number\">90 %</th>"
                    "<th scope=\"col\" class=\"number\">99 %</th></tr></thead>\n<tbody>\n";
  if (figure.length) {
    const auto seconds = std::chrono::round<std::chrono::seconds>(*figure.length).count();
    out += row(figure, figure.lately, "swatch is-now", fmt::format("last {} s", seconds));
  }
  out += row(figure, figure.all, "swatch", "in all");
  return out + "</tbody>\n</table></div>\n</figure>\n";
}

}  // namespace sdt::expose
