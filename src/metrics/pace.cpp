#include "metrics/pace.h"

#include <cstddef>
#include <utility>

namespace sdt::metrics {

bool Pace::goes_on_with(const std::vector<std::uint64_t>& counts) const {
  if (!latest_ || latest_->counts.size() != counts.size()) return false;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] < latest_->counts[i]) return false;
  }
  return true;
}

void Pace::observe(std::vector<std::uint64_t> counts, Time now) {
  const bool goes_on = goes_on_with(counts);
  latest_ = Reading{std::move(counts), now};
  if (!goes_on) {
    base_ = latest_;
    next_base_ = latest_;
  } else if (now - next_base_->at >= stretch) {
    base_ = std::exchange(next_base_, latest_);
  }
}

std::optional<Pace::Growth> Pace::growth() const {
  if (!latest_ || latest_->at - base_->at < shortest) return std::nullopt;
  Growth growth{{}, latest_->at - base_->at};
  growth.by.reserve(latest_->counts.size());
  for (std::size_t i = 0; i < latest_->counts.size(); ++i) {
    growth.by.push_back(latest_->counts[i] - base_->counts[i]);
  }
  return growth;
}

}  // namespace sdt::metrics
