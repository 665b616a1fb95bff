#include "expose/metric_card.h"

#include <cstddef>
#include <iterator>
#include <numeric>
#include <variant>

#include <fmt/format.h>

#include "expose/exposition.h"
#include "expose/histogram_figure.h"
#include "expose/html.h"
#include "expose/page_parts.h"
#include "expose/readable.h"

namespace sdt::expose {
namespace {

using metrics::HistogramValue;
using metrics::SeriesSnapshot;
using metrics::SeriesValue;
using spec::MetricType;

/// As it is meant to be read: a time, a size or a number.
std::string value_text(const MetricView& metric, Int128 raw) {
  return readable_in(unit_of(metric.self.name), scaled(raw, metric.snapshot.scale));
}

std::string code(std::string_view text) {
  return fmt::format("<code>{}</code>", escaped(text));
}

/* ---- the top of the card --------------------------------------------------------------------- */

std::string declaration(const MetricView& metric) {
  std::string out = fmt::format("<p class=\"soft\">{}", to_string(metric.snapshot.type));
  for (const MetricView::Declared& declared : metric.declared) {
    fmt::format_to(std::back_inserter(out), ", {} {}", declared.role, code(declared.pattern));
  }
  return out + "</p>\n";
}

std::string why(const MetricView& metric) {
  std::string out;
  if (!metric.reason.empty()) {
    const bool is_bad = metric.state != AttachState::waiting;
    const std::string again =
        metric.retry_in
            ? "; tried again in " + readable_seconds(static_cast<double>(metric.retry_in->count()))
            : "";
    out += fmt::format("<p class=\"why {}\">{}{}</p>\n", is_bad ? "bad" : "wait",
                       escaped(metric.reason), again);
  }
  if (metric.is_on_probation) {
    out +=
        "<p class=\"why wait\">On probation: it was detached for what it cost, and is tried "
        "again.</p>\n";
  }
  return out;
}

/* ---- what it counted ------------------------------------------------------------------------- */

std::string number(const std::string& value, std::string_view rate) {
  return fmt::format("<p class=\"big\">{} <small>{}</small></p>\n", escaped(value), rate);
}

std::string growth(const MetricView& metric) {
  if (!metric.lately) return "";
  const double rate = metric.lately->per_second;
  if (metric.snapshot.type == MetricType::gauge) return readable(rate) + " changes/s";
  return "+" + readable_in(unit_of(metric.self.name), rate) + "/s";
}

/// Values that are set do not add up: a gauge of many series is its table of series.
std::string counted_so_far(const MetricView& metric) {
  if (const auto* histogram = std::get_if<HistogramValue>(&metric.total)) {
    HistogramFigure figure{metric.self.name, metric.snapshot.bounds, histogram->buckets};
    if (metric.lately) {
      figure.length = metric.lately->length;
      figure.lately = metric.lately->buckets;
    }
    return to_html(figure);
  }
  const Int128 total = std::get<Int128>(metric.total);
  if (metric.snapshot.type == MetricType::counter) {
    return number(value_text(metric, total), growth(metric));
  }
  if (metric.series_total == 0) return "<p class=\"soft\">No events yet.</p>\n";
  if (metric.series_total > 1) {
    return number(counted(metric.series_total, "value", "values"), growth(metric));
  }
  return number(value_text(metric, total), growth(metric));
}

/* ---- facts ----------------------------------------------------------------------------------- */

std::string losses(const MetricView& metric) {
  std::string out;
  for (std::size_t i = 0; i < loss_reason_count; ++i) {
    if (metric.self.lost[i] == 0) continue;
    fmt::format_to(std::back_inserter(out), "{}{} {}", out.empty() ? "" : ", ",
                   readable(metric.self.lost[i]), to_string(static_cast<LossReason>(i)));
  }
  return out.empty() ? "none" : out;
}

std::string cost(const MetricView& metric) {
  const double seconds = scaled(Int128{metric.self.overhead_nanoseconds}, 1e-9);
  std::string so_far = readable_seconds(seconds) + " so far";
  if (!metric.lately) return so_far;
  return fmt::format("{} of the CPUs, {}", share_of_cpu(metric.lately->cpu), so_far);
}

std::string facts(const MetricView& metric) {
  const metrics::SelfMetrics::Metric& self = metric.self;
  const auto lately = metric.lately ? std::optional(metric.lately->hits_per_second) : std::nullopt;
  std::string out = "<dl class=\"facts\">\n";
  out += fact("hits", per_second(lately));
  out += fact("cost, estimated", cost(metric));
  out +=
      fact("series", fmt::format("{} of {}", readable(self.series), readable(self.series_limit)));
  out += fact("lost events", losses(metric));
  if (self.trips > 0) out += fact("tripped", counted(self.trips, "time", "times"));
  if (self.filtered > 0) out += fact("refused by where", readable(self.filtered));
  if (self.folded > 0) out += fact("folded into other", readable(self.folded));
  if (self.foreign_hits > 0) out += fact("hits of others", readable(self.foreign_hits));
  if (self.strings_cut > 0) out += fact("strings cut", readable(self.strings_cut));
  return out + "</dl>\n";
}

/* ---- details --------------------------------------------------------------------------------- */

std::string series_name(const SeriesSnapshot& series) {
  std::string name;
  for (const auto& [label, value] : series.labels) {
    name += fmt::format("{}{}=\"{}\"", name.empty() ? "" : " ", label, value);
  }
  return code(name);
}

std::string series_value(const MetricView& metric, const SeriesValue& value) {
  if (const auto* raw = std::get_if<Int128>(&value)) return escaped(value_text(metric, *raw));
  const auto& buckets = std::get<HistogramValue>(value).buckets;
  return counted(std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0}), "event",
                 "events");
}

std::string series(const MetricView& metric) {
  if (metric.snapshot.series.empty() || metric.snapshot.series.front().labels.empty()) return "";
  constexpr std::uint64_t few = 6;
  const bool is_all_there_is = metric.snapshot.type == MetricType::gauge && metric.series_total > 1;
  const bool has_room = metric.snapshot.type != MetricType::histogram && metric.series_total <= few;
  std::string out = fmt::format("<details{}>\n<summary>{}</summary>\n<table>\n<tbody>\n",
                                is_all_there_is || has_room ? " open" : "",
                                counted(metric.series_total, "series", "series"));
  for (const SeriesSnapshot& one : metric.snapshot.series) {
    fmt::format_to(std::back_inserter(out),
                   "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td></tr>\n",
                   series_name(one), series_value(metric, one.value));
  }
  return out + "</tbody>\n</table>\n" +
         and_more(metric.series_total - metric.snapshot.series.size(), "series", "series") +
         "</details>\n";
}

std::string probes(const MetricView& metric) {
  if (metric.probes.total == 0) return "";
  std::string out = fmt::format(
      "<details>\n<summary>{}</summary>\n<table>\n<thead><tr><th scope=\"col\">probe</th>"
      "<th scope=\"col\" class=\"number\">sites</th><th scope=\"col\" class=\"number\">hits</th>"
      "</tr></thead>\n<tbody>\n",
      counted(metric.probes.total, "probe", "probes"));
  for (const auto& probe : metric.probes.shown) {
    fmt::format_to(std::back_inserter(out),
                   "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td>"
                   "<td class=\"number\">{}</td></tr>\n",
                   code(probe.name), readable(probe.sites), readable(probe.hits));
  }
  return out + "</tbody>\n</table>\n" + and_more(metric.probes.left_out(), "probe", "probes") +
         "</details>\n";
}

std::string file(const FileView& file) {
  std::string out = fmt::format("<li><span class=\"path\">{}</span>\n<ul>\n", escaped(file.path));
  for (const FileView::Sites& sites : file.sites.shown) {
    out +=
        fmt::format("<li>{}, {}</li>\n", code(sites.probe), counted(sites.count, "site", "sites"));
  }
  for (const std::string& refused : file.refused.shown) {
    out += fmt::format("<li>left out: {}</li>\n", escaped(refused));
  }
  return out + "</ul>\n" + and_more(file.sites.left_out(), "probe", "probes") +
         and_more(file.refused.left_out(), "site that is left out", "sites that are left out") +
         "</li>\n";
}

std::string files(const MetricView& metric) {
  if (metric.files.total == 0) return "";
  bool is_complete = true;
  std::string list;
  for (const FileView& one : metric.files.shown) {
    is_complete = is_complete && one.refused.total == 0;
    list += file(one);
  }
  return fmt::format(
      "<details{}>\n<summary>attached in {}</summary>\n<ul>\n{}</ul>\n{}</details>\n",
      is_complete ? "" : " open", counted(metric.files.total, "file", "files"), list,
      and_more(metric.files.left_out(), "file", "files"));
}

}  // namespace

std::string metric_card(const MetricView& metric) {
  const std::string help =
      metric.snapshot.help.empty() ? "" : fmt::format("<p>{}</p>\n", escaped(metric.snapshot.help));
  return fmt::format("<article class=\"card\">\n<div class=\"head\"><h3>{}</h3>{}</div>\n",
                     code(metric.self.name), state_badge(metric.state)) +
         help + declaration(metric) + why(metric) + counted_so_far(metric) + facts(metric) +
         series(metric) + probes(metric) + files(metric) + "</article>\n";
}

}  // namespace sdt::expose
