#include "cli/watch_view.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/samples.h"
#include "cli/printable.h"
#include "cli/quantity.h"
#include "cli/table.h"
#include "daemon/service.h"
#include "expose/exposition.h"

namespace sdt::cli {
namespace {

using metrics::HistogramValue;
using metrics::LabelSet;
using metrics::MetricSnapshot;
using metrics::SeriesSnapshot;
using metrics::SeriesValue;
using SelfMetric = metrics::SelfMetrics::Metric;

constexpr std::size_t narrowest_labels = 20;
constexpr std::size_t narrowest_bar = 10;
constexpr std::size_t widest_bar = 60;
/// What stands in front of a bar: indent, bound, count and the blanks between.
constexpr std::size_t before_bar = 34;

std::string labels_text(const LabelSet& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : " ", name, printable(value));
  }
  return text;
}

std::uint64_t events_of(const HistogramValue& histogram) {
  return std::accumulate(histogram.buckets.begin(), histogram.buckets.end(), std::uint64_t{0});
}

/// What the rate of a series is taken of.
Int128 total_of(const SeriesValue& value) {
  const auto* histogram = std::get_if<HistogramValue>(&value);
  return histogram != nullptr ? Int128{events_of(*histogram)} : std::get<Int128>(value);
}

std::string bar(std::uint64_t value, std::uint64_t most, std::size_t width, bool unicode) {
  if (value == 0) return "";
  const double share = static_cast<double>(value) / static_cast<double>(most);
  if (!unicode) {
    const auto marks = static_cast<std::size_t>(share * static_cast<double>(width) + 0.5);
    return std::string(std::max<std::size_t>(marks, 1), '#');
  }
  constexpr std::array<std::string_view, 8> parts = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = std::max<std::size_t>(
      static_cast<std::size_t>(share * static_cast<double>(width) * 8 + 0.5), 1);
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
  return text + std::string(parts[eighths % 8]);
}

class Drawing {
 public:
  Drawing(const Moment& now, const Moment* before, const Picture& picture)
      : now_(now), before_(before), picture_(picture) {}

  [[nodiscard]] std::vector<std::string> lines();

 private:
  void add_metric(const MetricSnapshot& metric, const MetricSnapshot* before,
                  const SelfMetric& self);
  void add_series(const MetricSnapshot& metric, const SeriesSnapshot& series,
                  const std::optional<Int128>& before);
  void add_bars(const MetricSnapshot& metric, const HistogramValue& histogram);
  [[nodiscard]] std::string heading(const MetricSnapshot& metric, const SelfMetric& self) const;
  [[nodiscard]] std::string rate_text(const MetricSnapshot& metric, Int128 growth) const;
  [[nodiscard]] std::string paint(std::string_view text, Paint paint) const {
    return picture_.style.paint(text, paint);
  }

  const Moment& now_;
  const Moment* before_;
  const Picture& picture_;
  /// labels, value, rate, mean
  Table table_{{Align::left, Align::right, Align::right, Align::right}, 4, 2};
};

std::vector<std::string> Drawing::lines() {
  table_.line(daemon::status_text(now_.self));
  std::size_t index = 0;
  for (const metrics::SelfMetrics::Target& target : now_.self.targets) {
    table_.line("");
    table_.line(fmt::format("{}  {} process{}", paint(target.name, Paint::bold), target.processes,
                            target.processes == 1 ? "" : "es"));
    for (const SelfMetric& self : target.metrics) {
      const MetricSnapshot* before =
          before_ != nullptr ? &before_->snapshot.metrics[index] : nullptr;
      add_metric(now_.snapshot.metrics[index], before, self);
      ++index;
    }
  }
  return table_.lines(picture_.style);
}

std::string Drawing::heading(const MetricSnapshot& metric, const SelfMetric& self) const {
  std::string text = "  " + paint(metric.name, Paint::bold);
  if (!metric.help.empty()) text += "  " + paint(printable(metric.help), Paint::dim);
  if (!self.attached) {
    text += "  " + paint(printable(self.state), self.tripped ? Paint::red : Paint::yellow);
  }
  std::string lost;
  for (std::size_t i = 0; i < loss_reason_count; ++i) {
    if (self.lost[i] == 0) continue;
    lost += fmt::format("{}{} {}", lost.empty() ? "lost: " : ", ",
                        to_string(static_cast<LossReason>(i)), self.lost[i]);
  }
  if (!lost.empty()) text += "  " + paint(lost, Paint::red);
  return text;
}

void Drawing::add_metric(const MetricSnapshot& metric, const MetricSnapshot* before,
                         const SelfMetric& self) {
  table_.line(heading(metric, self));
  std::map<LabelSet, Int128> totals;
  if (before != nullptr) {
    for (const SeriesSnapshot& series : before->series) {
      totals.emplace(series.labels, total_of(series.value));
    }
  }
  for (const SeriesSnapshot& series : metric.series) {
    const auto known = totals.find(series.labels);
    std::optional<Int128> total;
    if (before != nullptr) total = known != totals.end() ? known->second : Int128{0};
    add_series(metric, series, total);
  }
  if (metric.series.empty() && self.attached) {
    table_.line("    " + paint("no events yet", Paint::dim));
  }
}

void Drawing::add_series(const MetricSnapshot& metric, const SeriesSnapshot& series,
                         const std::optional<Int128>& before) {
  std::string labels = labels_text(series.labels);
  if (picture_.width > 0) {
    labels = cut(labels, std::max(narrowest_labels, picture_.width / 2));
  }
  const auto* histogram = std::get_if<HistogramValue>(&series.value);
  const Unit unit = expose::unit_of(metric.name);
  std::vector<Cell> row{{std::move(labels)}};
  row.push_back({histogram != nullptr
                     ? fmt::format("{}", events_of(*histogram))
                     : quantity(std::get<Int128>(series.value), metric.scale, unit)});
  const bool has_rate = before && metric.type != spec::MetricType::gauge;
  row.push_back({has_rate ? rate_text(metric, total_of(series.value) - *before) : ""});
  if (histogram == nullptr) return table_.row(std::move(row));
  const std::uint64_t events = events_of(*histogram);
  if (events > 0) {
    const double mean = expose::scaled(histogram->sum, metric.scale) / static_cast<double>(events);
    row.push_back({"mean " + quantity(mean, unit)});
  }
  table_.row(std::move(row));
  add_bars(metric, *histogram);
}

std::string Drawing::rate_text(const MetricSnapshot& metric, Int128 growth) const {
  const std::chrono::duration<double> seconds = now_.at - before_->at;
  if (seconds.count() <= 0) return "";
  const bool counts_events = metric.type == spec::MetricType::histogram;
  const double grown =
      counts_events ? static_cast<double>(growth) : expose::scaled(growth, metric.scale);
  const Unit unit = counts_events ? Unit::none : expose::unit_of(metric.name);
  return quantity(grown / seconds.count(), unit) + "/s";
}

/// From the first bucket that holds something to the last.
void Drawing::add_bars(const MetricSnapshot& metric, const HistogramValue& histogram) {
  const auto& buckets = histogram.buckets;
  const auto is_filled = [](std::uint64_t events) { return events > 0; };
  const auto first = std::ranges::find_if(buckets, is_filled);
  if (first == buckets.end()) return;
  const auto last = std::find_if(buckets.rbegin(), buckets.rend(), is_filled).base();
  const std::size_t room = picture_.width > before_bar ? picture_.width - before_bar : 0;
  const std::size_t width =
      picture_.width == 0 ? widest_bar : std::clamp(room, narrowest_bar, widest_bar);
  const std::uint64_t most = *std::max_element(first, last);
  for (auto bucket = first; bucket != last; ++bucket) {
    const auto index = static_cast<std::size_t>(bucket - buckets.begin());
    const double bound = index < metric.bounds.size() ? metric.bounds[index]
                                                      : std::numeric_limits<double>::infinity();
    std::string line = fmt::format("      le {:>9}  {:>12}",
                                   quantity(bound, expose::unit_of(metric.name)), *bucket);
    const std::string drawn = bar(*bucket, most, width, picture_.style.unicode);
    if (!drawn.empty()) line += "  " + paint(drawn, Paint::cyan);
    table_.line(std::move(line));
  }
}

}  // namespace

std::vector<std::string> draw(const Moment& now, const Moment* before, const Picture& picture) {
  return Drawing(now, before, picture).lines();
}

}  // namespace sdt::cli
