#include "plan/hit_meter.h"

#include <algorithm>
#include <numeric>

namespace sdt::plan {
namespace {

using std::chrono::nanoseconds;

/// What the kernel's two looks at the clock add to a run; measured with an empty program.
constexpr nanoseconds measuring_cost{55};

std::uint64_t hits_of(const Tally& tally) {
  return std::accumulate(tally.hits.begin(), tally.hits.end(), tally.foreign);
}

}  // namespace

HitMeter::Charge HitMeter::charge(const Tally& tally, nanoseconds trap_cost) {
  const std::uint64_t hits = hits_of(tally);
  latest_hits_ = hits - std::min(hits, hits_);
  hits_ = hits;
  const nanoseconds cost = (trap_cost + run_cost_) * static_cast<std::int64_t>(latest_hits_);
  spent_ += cost;
  return {latest_hits_, cost};
}

void HitMeter::begin_sample(const Tally& tally) {
  began_ = Reading{tally.run_nanoseconds, tally.runs};
}

void HitMeter::end_sample(const Tally& tally, bool is_own) {
  if (!began_) return;
  const std::uint64_t spent = tally.run_nanoseconds - began_->nanoseconds;
  const std::uint64_t runs = tally.runs - began_->runs;
  began_.reset();
  if (is_own) sampled_nanoseconds_ += spent;
  if (runs < enough_runs) return;
  const nanoseconds measured(static_cast<std::int64_t>(spent / runs));
  run_cost_ = std::max(nanoseconds(0), measured - measuring_cost);
  is_measured_ = true;
}

void HitMeter::restart() {
  hits_ = 0;
  latest_hits_ = 0;
  sampled_nanoseconds_ = 0;
  began_.reset();
}

}  // namespace sdt::plan
