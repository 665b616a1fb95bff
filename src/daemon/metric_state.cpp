#include "daemon/metric_state.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/target_state.h"

namespace sdt::daemon {

bool MetricState::is_attached() const {
  unsigned roles = 0;
  for (const auto& [file, attached] : files) roles |= attached.roles;
  const unsigned needed = plan::needed_roles(metric);
  return (roles & needed) == needed;
}

Result<MetricState::Reading> MetricState::read() const {
  auto samples = program->drain();
  if (!samples) return tl::unexpected(std::move(samples).error());
  auto counts = program->tally();
  if (!counts) return tl::unexpected(std::move(counts).error());
  return Reading{std::move(*samples), std::move(*counts)};
}

std::string MetricState::state_of(bool has_no_process) const {
  if (fuse.trip) return "tripped: " + fuse.trip->reason;
  if (is_attached()) return "attached";
  if (!attach_errors.empty()) return "not attached: " + problem;
  if (has_no_process) return "waiting for its processes";
  return fmt::format("waiting: no file that the target's processes map has {}",
                     plan::probes_text(metric));
}

Totals MetricState::totals() const {
  Totals totals = before;
  totals.add(tally, probes);
  // What was measured for the meter is no part of what the administrator had measured.
  totals.run_nanoseconds -= std::min(tally.run_nanoseconds, meter.sampled_nanoseconds());
  return totals;
}

std::string MetricState::kept_as() const {
  return fmt::format("sdt-metric-{}-", number);
}

bool TargetState::is_waiting() const {
  return std::ranges::none_of(metrics, [](const MetricState& metric) {
    return metric.is_attached() || metric.fuse.trip.has_value();
  });
}

}  // namespace sdt::daemon
