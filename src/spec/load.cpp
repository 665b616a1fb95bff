#include "spec/load.h"

#include <algorithm>
#include <array>
#include <list>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "spec/budget.h"
#include "spec/draft.h"
#include "spec/families.h"
#include "spec/reader.h"
#include "spec/yaml.h"

namespace sdt::spec {
namespace {

constexpr std::array<std::string_view, 2> file_keys = {"global", "targets"};
constexpr std::array<std::string_view, 3> global_keys = {"drain_interval", "max_series", "budget"};

constexpr std::chrono::nanoseconds shortest_drain_interval = std::chrono::milliseconds(100);
constexpr std::chrono::nanoseconds longest_drain_interval = std::chrono::minutes(10);

void read_global(const Node& node, Global& global, Report& report) {
  if (node.kind == Node::Kind::null) return;
  const MapReader map(node, "global", global_keys, report);
  if (const Node* interval = map.find("drain_interval")) {
    const auto duration = read_duration(*interval, "drain_interval", report);
    if (duration && (*duration < shortest_drain_interval || *duration > longest_drain_interval)) {
      report.error(interval->at, fmt::format("drain_interval must be between 100ms and 10m, not {}",
                                             interval->text));
    }
    global.drain_interval = duration.value_or(global.drain_interval);
  }
  if (const Node* series = map.find("max_series")) {
    const auto count = read_count(*series, "max_series", 1, largest_max_series, report);
    if (count) global.max_series = static_cast<std::uint32_t>(*count);
  }
  if (const Node* budget = map.find("budget")) {
    global.budget = read_budget(*budget, report).over(global.budget);
  }
}

// Everything read so far, file after file.
class Loader {
 public:
  void read(const SourceText& source) {
    Report& report = reports_.emplace_back(source.path);
    const auto root = parse_yaml(source.text, report);
    if (!root || root->kind == Node::Kind::null) return;
    const MapReader file(*root, "the file", file_keys, report);
    if (const Node* global = file.find("global")) take_global(*global, report);
    if (const Node* targets = file.find("targets")) take_targets(*targets, report);
  }

  LoadResult finish() {
    std::vector<DeclaredTarget> declared;
    for (const Draft& draft : drafts_) declared.push_back({&draft.target, draft.report});
    check_families(declared);
    LoadResult result;
    result.config.global = global_;
    for (Draft& draft : drafts_) result.config.targets.push_back(assemble(draft.target));
    for (Report& report : reports_) append(report.take(), result.diagnostics);
    return result;
  }

 private:
  struct Draft {
    TargetDraft target;
    Report* report;
  };

  void take_global(const Node& node, Report& report) {
    if (global_place_.empty()) {
      global_place_ = fmt::format("{}:{}", report.file(), node.at.line);
      read_global(node, global_, report);
      return;
    }
    report.error(node.at, fmt::format("global may stand in one file only, and is already at {}",
                                      global_place_));
  }

  void take_targets(const Node& node, Report& report) {
    if (node.kind == Node::Kind::null) return;
    if (node.kind != Node::Kind::sequence) {
      report.error(node.at, fmt::format("targets must be a list, not {}", kind_of(node)));
      return;
    }
    for (const Node& item : node.items) drafts_.push_back({read_target(item, report), &report});
  }

  // The targets' metrics, with the default that only is known now.
  Target assemble(TargetDraft& draft) const {
    Target target = std::move(draft.target);
    target.budget = draft.budget.over(global_.budget);
    for (MetricDraft& metric : draft.metrics) {
      if (metric.metric.max_series == 0) metric.metric.max_series = global_.max_series;
      metric.metric.fingerprint += fmt::format(" max_series={}", metric.metric.max_series);
      if (target.allow_unsafe_sites) metric.metric.fingerprint += " allow_unsafe_sites";
      target.metrics.push_back(std::move(metric.metric));
    }
    return target;
  }

  // In line order; what an alias repeats is said once.
  static void append(std::vector<Diagnostic> found, std::vector<Diagnostic>& all) {
    const auto key = [](const Diagnostic& d) { return std::tie(d.line, d.column); };
    std::stable_sort(found.begin(), found.end(),
                     [key](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
    const auto end =
        std::unique(found.begin(), found.end(), [key](const Diagnostic& a, const Diagnostic& b) {
          return key(a) == key(b) && a.message == b.message;
        });
    all.insert(all.end(), found.begin(), end);
  }

  std::list<Report> reports_;  // a list: drafts point into it
  std::vector<Draft> drafts_;
  Global global_;
  std::string global_place_;
};

}  // namespace

std::string Diagnostic::text() const {
  const std::string_view kind = severity == Severity::warning ? "warning: " : "";
  if (line == 0) return fmt::format("{}: {}{}", file, kind, message);
  return fmt::format("{}:{}:{}: {}{}", file, line, column, kind, message);
}

bool LoadResult::ok() const {
  return std::none_of(diagnostics.begin(), diagnostics.end(),
                      [](const Diagnostic& d) { return d.severity == Severity::error; });
}

LoadResult load(std::span<const SourceText> sources) {
  Loader loader;
  for (const SourceText& source : sources) loader.read(source);
  return loader.finish();
}

}  // namespace sdt::spec
