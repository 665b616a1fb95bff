#include "spec/source.h"

#include <array>

#include <fmt/format.h>

#include "spec/words.h"

namespace sdt::spec {
namespace {

constexpr std::string_view choices =
    "exactly one of: probe (every firing), start + end (the time between two probes), inc + dec "
    "(a gauge raised and lowered)";

std::optional<ProbePattern> read_probe(const Node& node, std::string_view key, Report& report) {
  const auto text = read_name(node, key, report);
  if (!text) return std::nullopt;
  const std::size_t colon = text->find(':');
  const bool two_parts =
      colon != std::string::npos && text->find(':', colon + 1) == std::string::npos;
  if (!two_parts || colon == 0 || colon + 1 == text->size()) {
    report.error(node.at, fmt::format("{} must be provider:name, such as python:gc__start or "
                                      "\"python:*\", not {} (which files are searched is the "
                                      "target's `file`)",
                                      key, in_quotes(*text)));
    return std::nullopt;
  }
  const std::string name = text->substr(colon + 1);
  if (name.find('-') != std::string::npos && name.find('[') == std::string::npos) {
    report.warning(node.within(name.find('-') + colon + 1),
                   fmt::format("{}: documentation writes - for what is __ in the probe's name; "
                               "`sdt_exporter list` shows the names as they are",
                               key));
  }
  return ProbePattern{Glob(text->substr(0, colon)), Glob(name)};
}

// A key is needed before the pair is found, so it cannot be made of what only the pair knows.
std::optional<IntExpr> read_key(const Node& node, std::string_view key, Report& report) {
  auto expr = read_integer(node, key, report);
  if (expr && (uses(*expr, Source::elapsed) || uses(*expr, Source::start_argument))) {
    report.error(node.at, fmt::format("{}: elapsed and start.argN are only known once start and "
                                      "end are paired; where the positions differ, write "
                                      "{{start: arg0, end: arg2}}",
                                      key));
    return std::nullopt;
  }
  return expr;
}

IntExpr thread_id() {
  return IntExpr{{Load{Source::tid, 0}}};
}

void read_keys(const Node& node, Interval& interval, Report& report) {
  if (node.kind == Node::Kind::map) {
    constexpr std::array<std::string_view, 2> keys = {"start", "end"};
    const MapReader map(node, "key", keys, report);
    const Node* start = map.require("start");
    const Node* end = map.require("end");
    if (start == nullptr || end == nullptr) return;
    interval.start_key = read_key(*start, "key.start", report).value_or(thread_id());
    interval.end_key = read_key(*end, "key.end", report).value_or(thread_id());
  } else {
    interval.start_key = read_key(node, "key", report).value_or(thread_id());
    interval.end_key = interval.start_key;
  }
  interval.thread_keyed = interval.start_key == thread_id() && interval.end_key == thread_id();
}

std::optional<EventSource> read_interval(const MapReader& metric, const Node& start,
                                         const Node& end, Report& report) {
  Interval interval{.start = {}, .end = {}, .start_key = thread_id(), .end_key = thread_id()};
  const auto first = read_probe(start, "start", report);
  const auto second = read_probe(end, "end", report);
  if (const Node* key = metric.find("key")) read_keys(*key, interval, report);
  if (const Node* nesting = metric.find("nesting")) {
    constexpr std::array<std::string_view, 3> words = {"last", "outermost", "stack"};
    const auto choice = read_choice(*nesting, "nesting", words, report);
    if (choice) interval.nesting = static_cast<Nesting>(*choice);
  }
  if (!first || !second) return std::nullopt;
  interval.start = *first;
  interval.end = *second;
  return interval;
}

std::optional<EventSource> read_pair(const MapReader& metric, std::string_view first_key,
                                     std::string_view second_key, Report& report) {
  const Node* first = metric.find(first_key);
  const Node* second = metric.find(second_key);
  if (first == nullptr || second == nullptr) {
    const Node* there = first == nullptr ? second : first;
    report.error(there->at, fmt::format("{} and {} come together: {} is missing", first_key,
                                        second_key, first == nullptr ? first_key : second_key));
    return std::nullopt;
  }
  if (first_key == "start") return read_interval(metric, *first, *second, report);
  const auto inc = read_probe(*first, "inc", report);
  const auto dec = read_probe(*second, "dec", report);
  if (!inc || !dec) return std::nullopt;
  return UpDown{*inc, *dec};
}

}  // namespace

std::optional<EventSource> read_source(const MapReader& metric, Report& report) {
  const auto has = [&metric](std::string_view key) { return metric.find(key) != nullptr; };
  const bool probe = has("probe");
  const bool interval = has("start") || has("end");
  const bool up_down = has("inc") || has("dec");
  if (int{probe} + int{interval} + int{up_down} != 1) {
    if (metric.valid()) report.error(metric.at(), fmt::format("a metric needs {}", choices));
    return std::nullopt;
  }
  for (const std::string_view key : {"key", "nesting"}) {
    if (!interval && has(key)) {
      report.error(metric.find(key)->at, fmt::format("{} only goes with start + end", key));
    }
  }
  if (interval) return read_pair(metric, "start", "end", report);
  if (up_down) return read_pair(metric, "inc", "dec", report);
  const auto pattern = read_probe(*metric.find("probe"), "probe", report);
  if (!pattern) return std::nullopt;
  return SingleProbe{*pattern};
}

}  // namespace sdt::spec
