#include "daemon/metric_state.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "daemon/target_state.h"
#include "expose/exposition.h"

namespace sdt::daemon {
namespace {

/// What the pace is taken of, in this order; a histogram's buckets come last.
enum PaceCount : std::uint8_t { hits_at, cost_at, total_at, first_bucket };

}  // namespace

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

expose::AttachState MetricState::attach_state() const {
  if (fuse.trip) return expose::AttachState::tripped;
  if (is_attached()) return expose::AttachState::attached;
  return problem.empty() ? expose::AttachState::waiting : expose::AttachState::failed;
}

std::string MetricState::state_of(bool has_no_process) const {
  switch (attach_state()) {
    case expose::AttachState::tripped:
      return "tripped: " + fuse.trip->reason;
    case expose::AttachState::attached:
      return "attached";
    case expose::AttachState::failed:
      return "not attached: " + problem;
    case expose::AttachState::waiting:
      break;
  }
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

void MetricState::note_pace(metrics::Pace::Time now) {
  std::vector<std::uint64_t> counts(first_bucket);
  counts[hits_at] = std::accumulate(tally.hits.begin(), tally.hits.end(), std::uint64_t{0});
  for (const auto& [probe, hits] : before.hits) counts[hits_at] += hits;
  counts[cost_at] = static_cast<std::uint64_t>(meter.spent().count());
  counts[total_at] = counts[hits_at];
  const metrics::SeriesValue total = series.total();
  if (const auto* histogram = std::get_if<metrics::HistogramValue>(&total)) {
    const std::vector<std::uint64_t>& buckets = histogram->buckets;
    counts[total_at] = std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
    counts.insert(counts.end(), buckets.begin(), buckets.end());
  } else if (metric.type == spec::MetricType::counter) {
    counts[total_at] = static_cast<std::uint64_t>(std::get<Int128>(total));
  }
  pace.observe(std::move(counts), now);
}

std::optional<expose::Lately> MetricState::lately(unsigned cpus) const {
  const auto growth = pace.growth();
  if (!growth) return std::nullopt;
  const double seconds = std::chrono::duration<double>(growth->length).count();
  const double scale = metric.type == spec::MetricType::counter ? metric.scale : 1;
  expose::Lately lately;
  lately.length = growth->length;
  lately.hits_per_second = static_cast<double>(growth->by[hits_at]) / seconds;
  lately.cpu = expose::scaled(Int128{growth->by[cost_at]}, 1e-9) / seconds / cpus;
  lately.per_second = expose::scaled(Int128{growth->by[total_at]}, scale) / seconds;
  lately.buckets.assign(growth->by.begin() + first_bucket, growth->by.end());
  return lately;
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
