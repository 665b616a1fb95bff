// Engine::take_up: from one config to the next without losing what they have in common.
#include <algorithm>
#include <iterator>
#include <utility>

#include "daemon/engine.h"

namespace sdt::daemon {

void Engine::take_up(const std::shared_ptr<const spec::Config>& config, Time now) {
  drain(now);
  std::vector<TargetState> before;
  before.swap(targets_);
  targets_.reserve(config->targets.size());
  for (const spec::Target& target : config->targets) {
    targets_.push_back(continued({config, &target}, before, now));
  }
  std::vector<MetricState> retired;
  for (TargetState& target : before) {
    for (MetricState& metric : target.metrics) {
      if (!metric.owner) continue;  // it goes on
      let_go(metric);
      retired.push_back(std::move(metric));
    }
    const bool goes_on = std::ranges::any_of(
        targets_, [&](const TargetState& state) { return state.number == target.number; });
    if (goes_on) continue;
    for (const auto& [key, bound] : target.roster.bound()) backend_.forget(target.number, key);
  }
  attacher_.retire(std::move(retired), now);
  for (TargetState& target : targets_) attacher_.narrow(target);
}

/// The state of a target under its new spec. What goes on is moved out of `before`.
TargetState Engine::continued(std::shared_ptr<const spec::Target> target,
                              std::vector<TargetState>& before, Time now) {
  const auto known = std::ranges::find_if(
      before, [&](const TargetState& candidate) { return candidate.target.name == target->name; });
  const bool is_known = known != before.end();
  TargetState state(target, is_known ? known->number : next_number_++);
  if (is_known) {
    state.roster = std::move(known->roster);
    state.files = std::move(known->files);
    state.breaker = known->breaker;
  }
  state.metrics.reserve(target->metrics.size());
  for (const spec::Metric& metric : target->metrics) {
    MetricState* same = nullptr;
    if (is_known) {
      const auto found = std::ranges::find_if(known->metrics, [&](const MetricState& candidate) {
        return candidate.owner && candidate.metric.fingerprint == metric.fingerprint;
      });
      if (found != known->metrics.end()) same = &*found;
    }
    if (same != nullptr) {
      if (target->budget != known->target.budget) plan::reset(same->fuse, now);
      state.metrics.push_back(std::move(*same));
    } else {
      state.metrics.emplace_back(std::shared_ptr<const spec::Metric>(target, &metric),
                                 next_number_++);
    }
  }
  return state;
}

}  // namespace sdt::daemon
