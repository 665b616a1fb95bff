#include "spec/families.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "spec/words.h"

namespace sdt::spec {
namespace {

struct Member {
  const MetricDraft* draft;
  const DeclaredTarget* target;
  [[nodiscard]] const Metric& metric() const { return draft->metric; }
};
using Families = std::map<std::string_view, std::vector<Member>>;

std::string_view name_of(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::histogram:
      return "histogram";
  }
  return "";
}

std::string label_names(const Metric& metric) {
  std::vector<std::string_view> names;
  for (const Label& label : metric.labels) names.emplace_back(label.name);
  return names.empty() ? "none" : join(names);
}

bool same_bounds(const Metric& a, const Metric& b) {
  return std::equal(a.bounds.begin(), a.bounds.end(), b.bounds.begin(), b.bounds.end(),
                    [](const Bound& x, const Bound& y) { return x.upper == y.upper; });
}

// What the two declarations of one family disagree about; empty when they agree.
std::string difference(const Metric& here, const Metric& there) {
  if (here.type != there.type) {
    return fmt::format("type {} here, {} there", name_of(here.type), name_of(there.type));
  }
  if (here.help != there.help) {
    return fmt::format("help {} here, {} there", in_quotes(here.help), in_quotes(there.help));
  }
  if (!same_bounds(here, there)) return "the buckets differ";
  if (label_names(here) != label_names(there)) {
    return fmt::format("labels {} here, {} there", label_names(here), label_names(there));
  }
  return {};
}

const ProbePattern* event_probe(const Metric& metric) {
  if (const auto* single = std::get_if<SingleProbe>(&metric.source)) return &single->probe;
  if (const auto* interval = std::get_if<Interval>(&metric.source)) return &interval->end;
  return nullptr;
}

// The value of a label that never changes, as it is shown.
std::optional<std::string> constant_value(const Label& label, const Metric& metric) {
  std::optional<std::string> raw;
  if (const auto* literal = std::get_if<Literal>(&label.value)) raw = literal->text;
  if (const auto* integer = std::get_if<IntExpr>(&label.value);
      integer && integer->steps.size() == 1) {
    const auto* constant = std::get_if<Constant>(&integer->steps.front());
    if (constant != nullptr) raw = to_decimal(constant->value);
  }
  const ProbePattern* probe = event_probe(metric);
  if (const auto* attribute = std::get_if<Attribute>(&label.value); attribute && probe) {
    if (*attribute == Attribute::probe && probe->name.is_literal()) raw = probe->name.text();
    if (*attribute == Attribute::provider && probe->provider.is_literal()) {
      raw = probe->provider.text();
    }
  }
  if (!raw) return std::nullopt;
  return shown_text(label, *std::move(raw));
}

enum class Overlap { never, maybe, always };

// The label names of both are the same here, and sorted.
Overlap overlap(const Metric& a, const Metric& b) {
  Overlap result = Overlap::always;
  for (std::size_t i = 0; i < a.labels.size(); ++i) {
    const auto left = constant_value(a.labels[i], a);
    const auto right = constant_value(b.labels[i], b);
    if (left && right && *left != *right) return Overlap::never;
    if (!left || !right) result = Overlap::maybe;
  }
  return result;
}

void check_against(const Member& here, const Member& there) {
  const Metric& metric = here.metric();
  const auto error = [&here](std::string message) {
    here.target->report->error(here.draft->at, std::move(message));
  };
  if (std::string differs = difference(metric, there.metric()); !differs.empty()) {
    error(
        fmt::format("{} is already declared at {}, and a family has one type, help, set of "
                    "buckets and set of labels: {}",
                    metric.name, there.metric().place, differs));
    return;
  }
  const Overlap both = overlap(metric, there.metric());
  if (here.target == there.target && both != Overlap::never) {
    error(
        fmt::format("{} is already declared at {} in the same target, and both may produce the "
                    "same series; give each a label with another literal, such as {}, or make "
                    "them one metric",
                    metric.name, there.metric().place, "kind: '\"read\"'"));
  } else if (both == Overlap::always) {
    error(
        fmt::format("{} produces the same series as the metric at {} of target {}; give each a "
                    "label with another literal, such as {}",
                    metric.name, there.metric().place, there.target->draft->target.name,
                    "cluster: '\"main\"'"));
  }
}

// One complaint a metric is enough: against the first member it does not get along with.
void check_family(const std::vector<Member>& family) {
  for (std::size_t i = 1; i < family.size(); ++i) {
    Report& report = *family[i].target->report;
    const std::size_t errors = report.errors();
    for (std::size_t j = 0; j < i && report.errors() == errors; ++j) {
      check_against(family[i], family[j]);
    }
  }
}

// A histogram x is printed as x_bucket, x_sum and x_count.
void check_parts(const Families& families) {
  for (const auto& [name, family] : families) {
    const auto histogram = std::find_if(family.begin(), family.end(), [](const Member& member) {
      return member.metric().type == MetricType::histogram;
    });
    if (histogram == family.end()) continue;
    for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
      const auto taken = families.find(fmt::format("{}{}", name, suffix));
      if (taken == families.end()) continue;
      for (const Member& member : taken->second) {
        member.target->report->error(
            member.draft->at, fmt::format("{} is also the name of a part of the histogram {} at {}",
                                          taken->first, name, histogram->metric().place));
      }
    }
  }
}

void check_target_names(std::span<const DeclaredTarget> targets) {
  std::map<std::string_view, const DeclaredTarget*> known;
  for (const DeclaredTarget& target : targets) {
    const std::string& name = target.draft->target.name;
    if (name.empty()) continue;
    const auto [first, is_new] = known.emplace(name, &target);
    if (is_new) continue;
    target.report->error(target.draft->at,
                         fmt::format("the target {} is already declared at {}:{}", name,
                                     first->second->report->file(), first->second->draft->at.line));
  }
}

}  // namespace

void check_families(std::span<const DeclaredTarget> targets) {
  check_target_names(targets);
  Families families;
  for (const DeclaredTarget& target : targets) {
    for (const MetricDraft& metric : target.draft->metrics) {
      if (metric.complete) families[metric.metric.name].push_back({&metric, &target});
    }
  }
  for (const auto& [name, family] : families) check_family(family);
  check_parts(families);
}

}  // namespace sdt::spec
