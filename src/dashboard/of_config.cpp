#include "dashboard/of_config.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/digest.h"
#include "dashboard/promql.h"
#include "dashboard/trust.h"
#include "dashboard/units.h"

namespace sdt::dashboard {
namespace {

/// All metrics of one name.
struct Family {
  const spec::Metric* declared = nullptr;  ///< where the name comes first
  std::vector<std::string> labels;         ///< as Prometheus stores them
  bool open_ended = false;                 ///< nobody knows how many label sets there will be
};

/// Prometheus keeps `job` and `instance` for itself and renames what a scrape says.
std::string stored_name(const std::string& label) {
  return label == "job" || label == "instance" ? "exported_" + label : label;
}

/// A value map lists what to expect, a literal is one value, and a program has only so many probes.
bool is_open_ended(const spec::Label& label) {
  if (!label.map.values.empty() || std::holds_alternative<spec::Literal>(label.value)) return false;
  const auto* attribute = std::get_if<spec::Attribute>(&label.value);
  return attribute == nullptr ||
         (*attribute != spec::Attribute::probe && *attribute != spec::Attribute::provider);
}

std::map<std::string, Family> families_of(const spec::Config& config) {
  std::map<std::string, Family> families;
  for (const spec::Target& target : config.targets) {
    for (const spec::Metric& metric : target.metrics) {
      Family& family = families[metric.name];
      if (family.declared == nullptr) {
        family.declared = &metric;
        for (const spec::Label& label : metric.labels)
          family.labels.push_back(stored_name(label.name));
      }
      family.open_ended |= std::ranges::any_of(metric.labels, is_open_ended);
    }
  }
  return families;
}

/// What a person reads on the panel of many lines.
std::string description_of(const Family& family, std::string_view which) {
  const std::string& help = family.declared->help;
  if (!family.open_ended) return help;
  return fmt::format("{}{}At most {} lines: the label sets {}.", help, help.empty() ? "" : " ",
                     most_lines, which);
}

std::string by_labels(const Family& family) {
  return family.labels.empty() ? "" : fmt::format(" by {}", fmt::join(family.labels, ", "));
}

/// A rate by the family's labels; without labels, by exporter.
Query rate_query(const Family& family, const std::string& counter) {
  const std::vector<std::string> labels =
      family.labels.empty() ? std::vector<std::string>{"instance"} : family.labels;
  const std::string rate = rate_by(labels, counter);
  return {family.open_ended ? busiest(rate, labels, counter) : rate, legend_of(labels)};
}

Panel counter_panel(const Family& family) {
  const std::string& name = family.declared->name;
  return {.title = name + by_labels(family),
          .description = description_of(family, "that grew most in the time shown"),
          .unit = unit_of_rate(name),
          .queries = {rate_query(family, samples(name))}};
}

/// Levels are not added up: every exporter's own.
Panel gauge_panel(const Family& family) {
  const std::string& name = family.declared->name;
  std::vector<std::string> labels = {"instance"};
  labels.insert(labels.end(), family.labels.begin(), family.labels.end());
  return {
      .title = name + by_labels(family),
      .description = description_of(family, "with the highest peaks in the time shown"),
      .unit = unit_of_values(name),
      .queries = {{family.open_ended ? highest(samples(name)) : samples(name), legend_of(labels)}}};
}

std::vector<Panel> histogram_panels(const Family& family) {
  const std::string& name = family.declared->name;
  const std::string& help = family.declared->help;
  const std::string unit = unit_of_values(name);
  const std::string buckets = samples(name + "_bucket");
  const std::string count = samples(name + "_count");
  const int width = family.labels.empty() ? 8 : 12;
  const std::string_view busy = "with the most events in the time shown";

  std::vector<Panel> panels;
  panels.push_back({.kind = PanelKind::heatmap,
                    .title = name,
                    .description = help,
                    .unit = unit,
                    .queries = {{rate_by({"le"}, buckets), "{{le}}"}},
                    .width = width,
                    .new_line = true});
  panels.push_back({.title = name + ": quantiles",
                    .description = help,
                    .unit = unit,
                    .queries = {{quantile_by(0.5, {}, buckets), "p50"},
                                {quantile_by(0.9, {}, buckets), "p90"},
                                {quantile_by(0.99, {}, buckets), "p99"}},
                    .width = width});
  if (!family.labels.empty()) {
    const std::string p99 = quantile_by(0.99, family.labels, buckets);
    panels.push_back({.title = name + ": p99" + by_labels(family),
                      .description = description_of(family, busy),
                      .unit = unit,
                      .queries = {{family.open_ended ? busiest(p99, family.labels, count) : p99,
                                   legend_of(family.labels)}},
                      .width = width});
  }
  panels.push_back({.title = name + ": events" + by_labels(family),
                    .description = description_of(family, busy),
                    .unit = "cps",
                    .queries = {rate_query(family, count)},
                    .width = width});
  return panels;
}

std::vector<Panel> panels_of(const Family& family) {
  switch (family.declared->type) {
    case spec::MetricType::counter:
      return {counter_panel(family)};
    case spec::MetricType::gauge:
      return {gauge_panel(family)};
    case spec::MetricType::histogram:
      return histogram_panels(family);
  }
  return {};
}

/// Whether the panels below can be trusted. These metrics are about targets, and have `target`.
Row trust_row() {
  return {
      "Can this be trusted?",
      {processes_traced(), metrics_not_attached(), metrics_over_budget(), events_lost_by_metric()}};
}

/// Short enough for Grafana: what is too long ends in a digest of the whole.
std::string uid_of(const std::vector<std::string>& targets) {
  constexpr std::size_t longest = 40;
  constexpr std::size_t digest_length = 16;
  std::string uid = fmt::format("sdt_exporter-{}", fmt::join(targets, "-"));
  if (uid.size() <= longest) return uid;
  Digest digest;
  digest.add(uid.data(), uid.size());
  uid.resize(longest - digest_length - 1);
  return fmt::format("{}-{:016x}", uid, digest.value());
}

}  // namespace

Dashboard dashboard_of(const spec::Config& config, const std::string& title) {
  Dashboard dashboard;
  for (const spec::Target& target : config.targets) dashboard.targets.push_back(target.name);
  const std::string names = fmt::format("{}", fmt::join(dashboard.targets, ", "));
  dashboard.uid = uid_of(dashboard.targets);
  dashboard.title = title.empty() ? names + " (sdt_exporter)" : title;
  dashboard.description =
      "Made by `sdt_exporter dashboard` from the config of these targets: " + names + ".";
  dashboard.rows.push_back(trust_row());

  std::map<std::string, Family> families = families_of(config);
  for (const spec::Target& target : config.targets) {
    Row row{target.name, {}};
    for (const spec::Metric& metric : target.metrics) {
      const Family& family = families.at(metric.name);
      if (family.declared != &metric) continue;
      for (Panel& panel : panels_of(family)) row.panels.push_back(std::move(panel));
    }
    dashboard.rows.push_back(std::move(row));
  }
  return dashboard;
}

}  // namespace sdt::dashboard
