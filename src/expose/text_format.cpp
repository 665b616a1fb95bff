// Text format 0.0.4 over prometheus-cpp's types. The library's own serializer (1.0.1) leaves
// newlines and backslashes of HELP as they are, which makes the exposition unreadable, and prints
// doubles with 16 digits, one less than telling them apart takes.
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string_view>

#include <fmt/format.h>
#include <prometheus/metric_family.h>

#include "expose/exposition.h"

namespace sdt::expose {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::string_view word_for(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Summary:
      return "summary";
    case MetricType::Untyped:
      return "untyped";
    case MetricType::Histogram:
      return "histogram";
  }
  return "untyped";
}

void append_number(std::string& out, double value) {
  constexpr double largest_in_digits = 1e21;  // from here on, an exponent reads better
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (value == std::trunc(value) && std::abs(value) < largest_in_digits) {
    fmt::format_to(std::back_inserter(out), "{:.0f}", value);
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);  // the fewest digits that read back equal
  }
}

void append_number(std::string& out, std::uint64_t value) {
  fmt::format_to(std::back_inserter(out), "{}", value);
}

enum class Quotes { escaped, plain };

void append_escaped(std::string& out, std::string_view text, Quotes quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes == Quotes::escaped) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

/// `{a="b",…}`, without its closing brace.
void append_labels(std::string& out, const ClientMetric& series) {
  char separator = '{';
  for (const ClientMetric::Label& label : series.label) {
    out += separator;
    separator = ',';
    out += label.name;
    out += "=\"";
    append_escaped(out, label.value, Quotes::escaped);
    out += '"';
  }
}

template <class Number>
void append_sample(std::string& out, std::string_view name, std::string_view suffix,
                   const ClientMetric& series, Number value) {
  out += name;
  out += suffix;
  append_labels(out, series);
  if (!series.label.empty()) out += '}';
  out += ' ';
  append_number(out, value);
  out += '\n';
}

void append_bucket(std::string& out, std::string_view name, const ClientMetric& series,
                   double bound, std::uint64_t count) {
  out += name;
  out += "_bucket";
  append_labels(out, series);
  out += series.label.empty() ? "{le=\"" : ",le=\"";
  append_number(out, bound);
  out += "\"} ";
  append_number(out, count);
  out += '\n';
}

void append_histogram(std::string& out, std::string_view name, const ClientMetric& series) {
  for (const ClientMetric::Bucket& bucket : series.histogram.bucket) {
    append_bucket(out, name, series, bucket.upper_bound, bucket.cumulative_count);
  }
  append_sample(out, name, "_sum", series, series.histogram.sample_sum);
  append_sample(out, name, "_count", series, series.histogram.sample_count);
}

void append_series(std::string& out, const MetricFamily& family, const ClientMetric& series) {
  switch (family.type) {
    case MetricType::Counter:
      return append_sample(out, family.name, "", series, series.counter.value);
    case MetricType::Gauge:
      return append_sample(out, family.name, "", series, series.gauge.value);
    case MetricType::Histogram:
      return append_histogram(out, family.name, series);
    case MetricType::Summary:  // never made here
    case MetricType::Untyped:
      return append_sample(out, family.name, "", series, series.untyped.value);
  }
}

}  // namespace

std::string to_text(const std::vector<MetricFamily>& families) {
  std::string out;
  for (const MetricFamily& family : families) {
    out += "# HELP ";
    out += family.name;
    out += ' ';
    append_escaped(out, family.help, Quotes::plain);
    out += "\n# TYPE ";
    out += family.name;
    out += ' ';
    out += word_for(family.type);
    out += '\n';
    for (const ClientMetric& series : family.metric) append_series(out, family, series);
  }
  return out;
}

}  // namespace sdt::expose
