// Engine::targets_view: what the targets are made of and do, for the pages.
#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/overloaded.h"
#include "daemon/engine.h"

namespace sdt::daemon {
namespace {

using expose::Excerpt;
using Declared = expose::MetricView::Declared;

/// The first entries of a range, each as `to_entry` makes it.
template <class Range, class ToEntry>
auto excerpt(const Range& range, std::size_t most, ToEntry to_entry) {
  Excerpt<std::remove_cvref_t<decltype(to_entry(*range.begin()))>> excerpt;
  excerpt.total = range.size();
  for (const auto& one : range) {
    if (excerpt.shown.size() == most) break;
    excerpt.shown.push_back(to_entry(one));
  }
  return excerpt;
}

std::vector<Declared> declared(const spec::EventSource& source) {
  return std::visit(
      Overloaded{
          [](const spec::SingleProbe& single) {
            return std::vector<Declared>{{"probe", single.probe.text()}};
          },
          [](const spec::Interval& interval) {
            return std::vector<Declared>{{"start", interval.start.text()},
                                         {"end", interval.end.text()}};
          },
          [](const spec::UpDown& gauge) {
            return std::vector<Declared>{{"inc", gauge.inc.text()}, {"dec", gauge.dec.text()}};
          }},
      source);
}

/// Nothing but these three of all that is known of a process: its arguments may hold passwords.
expose::ProcessView process_view(const proc::Process& process) {
  return {process.id.pid, process.exe, process.comm};
}

expose::FileView file_view(const AttachedFile& file) {
  expose::FileView view;
  view.path = file.path;
  view.sites = excerpt(file.sites, expose::most_probes, [](const auto& sites) {
    const auto& [probe, count] = sites;
    return expose::FileView::Sites{probe.provider + ":" + probe.name, count};
  });
  view.refused = excerpt(file.refused, expose::most_refused, std::identity());
  return view;
}

/// What the state is called, is shown beside it.
std::string without_state(std::string words) {
  for (const std::string_view state : {"tripped: ", "not attached: ", "waiting: "}) {
    if (words.starts_with(state)) return words.substr(state.size());
  }
  return words;
}

}  // namespace

expose::MetricView Engine::metric_view(const TargetState& target, const MetricState& metric,
                                       Time now) const {
  expose::MetricView view;
  view.self = self_metrics_of(target, metric);
  view.probes = excerpt(view.self.probes, expose::most_probes, std::identity());
  view.self.probes.clear();
  view.declared = declared(metric.metric.source);
  view.state = metric.attach_state();
  if (view.state != expose::AttachState::attached) {
    view.reason = without_state(view.self.state);
  }
  if (metric.fuse.trip) {
    const auto pause = std::chrono::ceil<std::chrono::seconds>(metric.fuse.trip->retry_at - now);
    view.retry_in = std::max(std::chrono::seconds(0), pause);
  }
  view.is_on_probation = metric.fuse.on_probation.has_value();
  view.files = excerpt(metric.files, expose::most_files,
                       [](const auto& entry) { return file_view(entry.second); });
  view.snapshot = metric.series.collect(expose::most_series);
  view.series_total = metric.series.size();
  view.total = metric.series.total();
  view.lately = metric.lately(online_cpus());
  return view;
}

std::vector<expose::TargetView> Engine::targets_view(Time now) const {
  std::vector<expose::TargetView> views;
  views.reserve(targets_.size());
  for (const TargetState& target : targets_) {
    expose::TargetView& view = views.emplace_back();
    view.name = target.target.name;
    view.is_waiting = target.is_waiting();
    view.processes = excerpt(target.roster.running(), expose::most_processes,
                             [](const auto& entry) { return process_view(*entry.second->facts); });
    view.budget = target.target.budget;
    for (const MetricState& metric : target.metrics) {
      view.metrics.push_back(metric_view(target, metric, now));
    }
  }
  return views;
}

}  // namespace sdt::daemon
