#include "expose/targets_json.h"

#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "expose/exposition.h"
#include "metrics/utf8.h"

namespace sdt::expose {
namespace {

using Json = nlohmann::ordered_json;
using metrics::HistogramValue;
using metrics::SeriesSnapshot;
using spec::MetricType;

Json text(std::string_view text) {
  return metrics::to_valid_utf8(text);
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json count_of(std::chrono::nanoseconds duration) {
  return duration.count();
}

/// Exact where it is a whole number that 64 bits hold.
Json number(Int128 raw, double scale) {
  constexpr double most_exact = 0x1p53;
  constexpr Int128 lowest = std::numeric_limits<std::int64_t>::min();
  constexpr Int128 highest = std::numeric_limits<std::uint64_t>::max();
  if (scale == std::floor(scale) && scale < most_exact && raw >= lowest && raw <= highest) {
    const Int128 whole = raw * static_cast<std::int64_t>(scale);
    if (whole >= 0 && whole <= highest) return static_cast<std::uint64_t>(whole);
    if (whole < 0 && whole >= lowest) return static_cast<std::int64_t>(whole);
  }
  return scaled(raw, scale);
}

/* ---- what a metric counted ------------------------------------------------------------------- */

Json count_and_sum(const HistogramValue& value, double scale) {
  return {{"count", std::accumulate(value.buckets.begin(), value.buckets.end(), std::uint64_t{0})},
          {"sum", number(value.sum, scale)}};
}

/// Of all series together. Values that are set do not add up: a gauge of several series has none.
Json value_of(const MetricView& metric) {
  const double scale = metric.snapshot.scale;
  if (const auto* histogram = std::get_if<HistogramValue>(&metric.total)) {
    Json value = count_and_sum(*histogram, scale);
    value["bounds"] = metric.snapshot.bounds;
    value["buckets"] = histogram->buckets;
    return value;
  }
  if (metric.snapshot.type == MetricType::gauge && metric.series_total != 1) return {};
  return number(std::get<Int128>(metric.total), scale);
}

Json series_of(const SeriesSnapshot& series, double scale) {
  Json labels = Json::object();
  for (const auto& [name, value] : series.labels) labels[name] = text(value);
  const auto* raw = std::get_if<Int128>(&series.value);
  Json value = raw != nullptr ? number(*raw, scale)
                              : count_and_sum(std::get<HistogramValue>(series.value), scale);
  return {{"labels", std::move(labels)}, {"value", std::move(value)}};
}

Json lately_of(const MetricView& metric) {
  if (!metric.lately) return {};
  const Lately& lately = *metric.lately;
  Json json{{"nanoseconds", count_of(lately.length)},
            {"hits_per_second", lately.hits_per_second},
            {"cpu", lately.cpu},
            {"per_second", lately.per_second}};
  if (metric.snapshot.type == MetricType::histogram) json["buckets"] = lately.buckets;
  return json;
}

/* ---- where it is attached -------------------------------------------------------------------- */

Json probes_of(const MetricView& metric) {
  Json probes = Json::array();
  for (const auto& probe : metric.probes.shown) {
    probes.push_back({{"name", text(probe.name)}, {"sites", probe.sites}, {"hits", probe.hits}});
  }
  return probes;
}

Json file_of(const FileView& file) {
  Json sites = Json::array();
  for (const FileView::Sites& one : file.sites.shown) {
    sites.push_back({{"probe", text(one.probe)}, {"sites", one.count}});
  }
  Json refused = Json::array();
  for (const std::string& why : file.refused.shown) refused.push_back(text(why));
  return {{"path", text(file.path)},
          {"probe_count", file.sites.total},
          {"probes", std::move(sites)},
          {"refused_count", file.refused.total},
          {"refused", std::move(refused)}};
}

/* ---- a metric -------------------------------------------------------------------------------- */

Json attach_errors_of(const MetricView& metric) {
  Json errors = Json::object();
  for (const Errc code : metrics::all_error_codes) {
    const auto found = metric.self.attach_errors.find(code);
    errors[std::string(to_string(code))] =
        found == metric.self.attach_errors.end() ? 0 : found->second;
  }
  return errors;
}

Json events_lost_of(const MetricView& metric) {
  Json lost = Json::object();
  for (std::size_t i = 0; i < loss_reason_count; ++i) {
    lost[std::string(to_string(static_cast<LossReason>(i)))] = metric.self.lost[i];
  }
  return lost;
}

Json metric_json(const MetricView& metric) {
  const metrics::SelfMetrics::Metric& self = metric.self;
  Json declared = Json::object();
  for (const auto& [role, pattern] : metric.declared) declared[role] = text(pattern);
  Json files = Json::array();
  for (const FileView& file : metric.files.shown) files.push_back(file_of(file));
  Json series = Json::array();
  for (const SeriesSnapshot& one : metric.snapshot.series) {
    series.push_back(series_of(one, metric.snapshot.scale));
  }
  return {
      {"name", self.name},
      {"type", to_string(metric.snapshot.type)},
      {"help", text(metric.snapshot.help)},
      {"declared", std::move(declared)},
      {"state", to_string(metric.state)},
      {"reason", text(metric.reason)},
      {"retry_in_seconds", metric.retry_in ? Json(metric.retry_in->count()) : Json()},
      {"tripped", self.tripped},
      {"on_probation", metric.is_on_probation},
      {"budget_trips", self.trips},
      {"lately", lately_of(metric)},
      {"value", value_of(metric)},
      {"series_used", self.series},
      {"series_limit", self.series_limit},
      {"series_count", metric.series_total},
      {"series", std::move(series)},
      {"overhead_nanoseconds", self.overhead_nanoseconds},
      {"events_lost", events_lost_of(metric)},
      {"events_filtered", self.filtered},
      {"events_folded", self.folded},
      {"foreign_hits", self.foreign_hits},
      {"strings_cut", self.strings_cut},
      {"attaches", self.attaches},
      {"detaches", self.detaches},
      {"attach_errors", attach_errors_of(metric)},
      {"probe_count", metric.probes.total},
      {"probes", probes_of(metric)},
      {"file_count", metric.files.total},
      {"files", std::move(files)},
  };
}

/* ---- a target -------------------------------------------------------------------------------- */

Json target_json(const TargetView& target) {
  Json processes = Json::array();
  for (const ProcessView& process : target.processes.shown) {
    processes.push_back(
        {{"pid", process.pid}, {"exe", text(process.exe)}, {"comm", text(process.comm)}});
  }
  Json metrics = Json::array();
  for (const MetricView& metric : target.metrics) metrics.push_back(metric_json(metric));
  return {
      {"name", target.name},
      {"state", target.is_waiting ? "waiting" : "counting"},
      {"budget",
       {{"cpu", or_null(target.budget.cpu)},
        {"hits_per_second", or_null(target.budget.hits_per_second)},
        {"retry_after_nanoseconds", count_of(target.budget.retry_after)}}},
      {"hits_per_second", or_null(hits_per_second(target))},
      {"cpu", or_null(cpu_share(target))},
      {"process_count", target.processes.total},
      {"processes", std::move(processes)},
      {"metrics", std::move(metrics)},
  };
}

}  // namespace

std::string targets_json(const TargetsView& view) {
  Json targets = Json::array();
  for (const TargetView& target : view.targets) targets.push_back(target_json(target));
  const Json all{{"version", text(view.version)},
                 {"age_nanoseconds", count_of(view.age)},
                 {"targets", std::move(targets)}};
  return all.dump() + '\n';
}

}  // namespace sdt::expose
