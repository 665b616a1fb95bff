#include "spec/names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "spec/words.h"

namespace sdt::spec {
namespace {

constexpr std::string_view own_prefix = "sdt_exporter_";

// Exposed by this program about itself under the names that every exporter uses, or made by
// Prometheus for every scrape.
constexpr std::array<std::string_view, 13> taken = {
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_max_fds",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
};

// Words of a name that stand for a unit, and the base unit to use in their place.
constexpr std::array<std::pair<std::string_view, std::string_view>, 26> other_units = {{
    {"nanoseconds", "seconds"},
    {"nanosecond", "seconds"},
    {"ns", "seconds"},
    {"microseconds", "seconds"},
    {"usec", "seconds"},
    {"us", "seconds"},
    {"milliseconds", "seconds"},
    {"msec", "seconds"},
    {"ms", "seconds"},
    {"minutes", "seconds"},
    {"hours", "seconds"},
    {"days", "seconds"},
    {"secs", "seconds"},
    {"kilobytes", "bytes"},
    {"kibibytes", "bytes"},
    {"kb", "bytes"},
    {"kib", "bytes"},
    {"megabytes", "bytes"},
    {"mebibytes", "bytes"},
    {"mb", "bytes"},
    {"mib", "bytes"},
    {"gigabytes", "bytes"},
    {"gibibytes", "bytes"},
    {"gb", "bytes"},
    {"percent", "ratio"},
    {"percentage", "ratio"},
}};

bool is_name(std::string_view name, std::string_view extra) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return false;
  return std::all_of(name.begin(), name.end(), [extra](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || extra.find(c) != std::string_view::npos;
  });
}

bool has_capital(std::string_view name) {
  return std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::vector<std::string_view> words_of(std::string_view name) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t end = name.find('_');
    words.push_back(name.substr(0, end));
    if (end == std::string_view::npos) return words;
    name.remove_prefix(end + 1);
  }
}

void advise_on_suffix(std::string_view name, MetricType type, bool is_seconds,
                      std::vector<std::string>& advice) {
  const bool is_counter = type == MetricType::counter;
  if (is_counter && !name.ends_with("_total")) {
    advice.push_back(fmt::format("a counter's name ends in _total: {}_total", name));
  }
  if (!is_counter && name.ends_with("_total")) {
    advice.emplace_back("only counters end in _total");
  }
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (name.ends_with(suffix)) {
      advice.push_back(fmt::format("{} is the name of a part of a histogram", suffix));
    }
  }
  const std::string_view wanted = is_counter ? "_seconds_total" : "_seconds";
  if (is_seconds && !name.ends_with(wanted)) {
    advice.push_back(fmt::format("the value is a time in seconds, so the name ends in {}", wanted));
  }
}

}  // namespace

bool is_identifier(std::string_view name) {
  return is_name(name, "_");
}

std::string metric_name_error(std::string_view name) {
  if (!is_name(name, "_:")) {
    return fmt::format("{} is not a metric name: letters, digits and _ only, and no digit first",
                       in_quotes(name));
  }
  if (name.starts_with(own_prefix)) {
    return fmt::format("names that start with {} are the exporter's own", own_prefix);
  }
  if (std::find(taken.begin(), taken.end(), name) != taken.end()) {
    return fmt::format("{} is taken: the exporter or Prometheus itself exposes it", name);
  }
  return {};
}

std::string label_name_error(std::string_view name) {
  if (!is_identifier(name)) {
    return fmt::format("{} is not a label name: letters, digits and _ only, and no digit first",
                       in_quotes(name));
  }
  if (name == "le" || name == "quantile") {
    return fmt::format("the label name {} belongs to histograms and summaries; choose another",
                       name);
  }
  if (name.starts_with("__")) {
    return fmt::format("{}: label names that start with __ are Prometheus's own", name);
  }
  return {};
}

std::vector<std::string> metric_name_advice(std::string_view name, MetricType type,
                                            bool is_seconds) {
  std::vector<std::string> advice;
  advise_on_suffix(name, type, is_seconds, advice);
  if (name.find(':') != std::string_view::npos) {
    advice.emplace_back("a colon is for the names of recording rules");
  }
  if (has_capital(name)) advice.emplace_back("names are written in snake_case");
  for (const std::string_view word : words_of(name)) {
    for (const auto& [unit, base] : other_units) {
      if (word == unit) {
        advice.push_back(
            fmt::format("the unit is {} in place of {} (`scale` converts)", base, unit));
      }
    }
  }
  return advice;
}

std::string label_name_advice(std::string_view name) {
  if (name == "job" || name == "instance") {
    return fmt::format("Prometheus sets the label {0} itself and renames this one exported_{0}",
                       name);
  }
  if (has_capital(name)) return fmt::format("label names are written in snake_case: {}", name);
  return {};
}

}  // namespace sdt::spec
