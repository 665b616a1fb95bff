#include "plan/breaker.h"

#include <algorithm>

#include <fmt/format.h>

namespace sdt::plan {
namespace {

using std::chrono::nanoseconds;

/// Hits in a period, against a budget.
struct Figures {
  double hits_per_second = 0;
  double cpu = 0;  ///< share of all CPUs

  [[nodiscard]] bool breaks_hits(const spec::Budget& budget) const {
    return budget.hits_per_second && hits_per_second > static_cast<double>(*budget.hits_per_second);
  }
  [[nodiscard]] bool breaks_cpu(const spec::Budget& budget) const {
    return budget.cpu && cpu > *budget.cpu;
  }
  [[nodiscard]] bool is_over(const spec::Budget& budget) const {
    return breaks_hits(budget) || breaks_cpu(budget);
  }
};

struct Period {
  double seconds = 0;
  unsigned cpus = 1;

  [[nodiscard]] Figures figures_of(std::uint64_t hits, nanoseconds cost) const {
    const double spent = std::chrono::duration<double>(cost).count();
    return {static_cast<double>(hits) / seconds, spent / seconds / cpus};
  }
  [[nodiscard]] Figures figures_of(const Load& load) const {
    return figures_of(load.hits, load.cost);
  }
};

std::string reason_of(const spec::Budget& budget, const Figures& all, const Figures& its) {
  if (all.breaks_cpu(budget)) {
    return fmt::format(
        "the target's hits took {:.1f}% of the machine's CPU time (budget: {:.4g}%), this metric's "
        "{:.1f}%",
        100 * all.cpu, 100 * *budget.cpu, 100 * its.cpu);
  }
  return fmt::format(
      "the target's probes fired {:.0f} times a second (budget: {}), {:.0f} of them for this "
      "metric",
      all.hits_per_second, *budget.hits_per_second, its.hits_per_second);
}

nanoseconds pause_after(const spec::Budget& budget, unsigned trips) {
  constexpr unsigned most_doublings = 12;  // 1 s becomes more than an hour
  const nanoseconds longest = std::max<nanoseconds>(longest_pause, budget.retry_after);
  return std::min(longest, budget.retry_after * (1 << std::min(trips, most_doublings)));
}

bool is_costlier(const Load& one, const Load& other) {
  return one.cost != other.cost ? one.cost > other.cost : one.hits > other.hits;
}

/// Who came back last goes first, where that is enough; else what costs most.
const Load& victim_of(const spec::Budget& budget, std::span<const Load> loads, const Load& all,
                      const Period& period) {
  const Load* costliest = nullptr;
  const Load* latest = nullptr;
  for (const Load& load : loads) {
    if (costliest == nullptr || is_costlier(load, *costliest)) costliest = &load;
    if (!load.fuse->on_probation) continue;
    const Figures others = period.figures_of(all.hits - load.hits, all.cost - load.cost);
    if (others.is_over(budget)) continue;
    if (latest == nullptr || is_costlier(load, *latest)) latest = &load;
  }
  return latest != nullptr ? *latest : *costliest;
}

}  // namespace

std::optional<std::size_t> Breaker::observe(const spec::Budget& budget, std::span<const Load> loads,
                                            nanoseconds length, unsigned cpus, Time now) {
  if (length <= nanoseconds(0)) return std::nullopt;
  Load all;
  for (const Load& load : loads) {
    all.hits += load.hits;
    all.cost += load.cost;
    Fuse& fuse = *load.fuse;
    if (fuse.on_probation && now - *fuse.on_probation >= probation) {
      fuse.trips = 0;
      fuse.on_probation.reset();
    }
  }
  const Period period{std::chrono::duration<double>(length).count(), cpus};
  const Figures figures = period.figures_of(all);
  if (!figures.is_over(budget)) {
    over_since_.reset();
    return std::nullopt;
  }
  if (!over_since_) over_since_ = now - length;
  const Load& victim = victim_of(budget, loads, all, period);
  Fuse& fuse = *victim.fuse;
  if (now - *over_since_ < (fuse.on_probation ? short_patience : patience)) return std::nullopt;

  fuse.trip = Trip{reason_of(budget, figures, period.figures_of(victim)),
                   now + pause_after(budget, fuse.trips)};
  ++fuse.trips;
  fuse.on_probation.reset();
  over_since_.reset();
  return static_cast<std::size_t>(&victim - loads.data());
}

bool retry(Fuse& fuse, Time now) {
  if (!fuse.trip || fuse.trip->retry_at > now) return false;
  fuse.trip.reset();
  fuse.on_probation = now;
  return true;
}

void reset(Fuse& fuse, Time now) {
  fuse.trips = 0;
  fuse.on_probation.reset();
  if (fuse.trip) fuse.trip->retry_at = now;
}

}  // namespace sdt::plan
