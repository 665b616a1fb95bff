#include "expose/exposition.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

#include <prometheus/metric_family.h>

#include "metrics/utf8.h"

namespace sdt::expose {
namespace {

using metrics::HistogramValue;
using metrics::MetricSnapshot;
using metrics::SeriesSnapshot;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using spec::MetricType;

prometheus::MetricType type_of(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return prometheus::MetricType::Counter;
    case MetricType::gauge:
      return prometheus::MetricType::Gauge;
    case MetricType::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

ClientMetric::Histogram to_histogram(const MetricSnapshot& metric, const HistogramValue& value) {
  ClientMetric::Histogram histogram;
  histogram.bucket.reserve(value.buckets.size());
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < value.buckets.size(); ++i) {
    count += value.buckets[i];
    const double bound =
        i < metric.bounds.size() ? metric.bounds[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({count, bound});
  }
  histogram.sample_count = count;
  histogram.sample_sum = scaled(value.sum, metric.scale);
  return histogram;
}

ClientMetric to_client_metric(const MetricSnapshot& metric, const SeriesSnapshot& series) {
  ClientMetric shown;
  shown.label.reserve(series.labels.size());
  for (const auto& [name, value] : series.labels) {
    shown.label.push_back({name, metrics::to_valid_utf8(value)});
  }
  if (const auto* histogram = std::get_if<HistogramValue>(&series.value)) {
    shown.histogram = to_histogram(metric, *histogram);
  } else if (metric.type == MetricType::counter) {
    shown.counter.value = scaled(std::get<Int128>(series.value), metric.scale);
  } else {
    shown.gauge.value = scaled(std::get<Int128>(series.value), metric.scale);
  }
  return shown;
}

double joined(double a, double b, spec::Aggregate aggregate) {
  switch (aggregate) {
    case spec::Aggregate::last:
      return a + b;
    case spec::Aggregate::min:
      return std::min(a, b);
    case spec::Aggregate::max:
      return std::max(a, b);
  }
  return a + b;
}

void add_to(ClientMetric& sum, const ClientMetric& other, spec::Aggregate aggregate) {
  sum.counter.value += other.counter.value;
  sum.gauge.value = joined(sum.gauge.value, other.gauge.value, aggregate);
  sum.histogram.sample_count += other.histogram.sample_count;
  sum.histogram.sample_sum += other.histogram.sample_sum;
  const std::size_t buckets = std::min(sum.histogram.bucket.size(), other.histogram.bucket.size());
  for (std::size_t i = 0; i < buckets; ++i) {
    sum.histogram.bucket[i].cumulative_count += other.histogram.bucket[i].cumulative_count;
  }
}

/// Sorts by labels and makes one of series that several targets have in common: their sum, of
/// extremes the extreme.
void merge_equal_labels(std::vector<ClientMetric>& series, spec::Aggregate aggregate) {
  std::ranges::stable_sort(series, {}, &ClientMetric::label);
  std::vector<ClientMetric> merged;
  for (ClientMetric& next : series) {
    if (!merged.empty() && merged.back().label == next.label) {
      add_to(merged.back(), next, aggregate);
    } else {
      merged.push_back(std::move(next));
    }
  }
  series = std::move(merged);
}

MetricFamily to_family(const std::vector<const MetricSnapshot*>& declarations) {
  MetricFamily family;
  family.name = declarations.front()->name;
  family.help = metrics::to_valid_utf8(declarations.front()->help);
  family.type = type_of(declarations.front()->type);
  for (const MetricSnapshot* metric : declarations) {
    family.metric.reserve(family.metric.size() + metric->series.size());
    for (const SeriesSnapshot& series : metric->series) {
      family.metric.push_back(to_client_metric(*metric, series));
    }
  }
  if (declarations.size() > 1) {
    merge_equal_labels(family.metric, declarations.front()->aggregate);
  }
  return family;
}

}  // namespace

std::vector<MetricFamily> to_families(const metrics::Snapshot& snapshot) {
  std::map<std::string_view, std::vector<const MetricSnapshot*>> by_name;
  for (const MetricSnapshot& metric : snapshot.metrics) by_name[metric.name].push_back(&metric);
  std::vector<MetricFamily> families;
  families.reserve(by_name.size());
  for (const auto& [name, declarations] : by_name) families.push_back(to_family(declarations));
  return families;
}

std::string to_text(const metrics::Snapshot& snapshot) {
  return to_text(to_families(snapshot));
}

double scaled(Int128 raw, double scale) {
  if (scale == 1) return static_cast<double>(raw);
  // 1e-9 is no exact double, 1e9 is: dividing by it rounds once.
  const double divisor = std::round(1 / scale);
  if (1 / divisor == scale) {
    return static_cast<double>(static_cast<long double>(raw) / static_cast<long double>(divisor));
  }
  return static_cast<double>(static_cast<long double>(raw) * static_cast<long double>(scale));
}

}  // namespace sdt::expose
