#include "plan/reconcile.h"

#include <algorithm>

namespace sdt::plan {

Actions reconcile(const std::set<Binding>& wanted, const std::map<Binding, Attempt>& current,
                  Time now) {
  Actions actions;
  for (const Binding& binding : wanted) {
    const auto known = current.find(binding);
    if (known == current.end() || (!known->second.attached && known->second.retry_at <= now)) {
      actions.attach.push_back(binding);
    }
  }
  for (const auto& [binding, attempt] : current) {
    if (wanted.contains(binding)) continue;
    (attempt.attached ? actions.detach : actions.drop).push_back(binding);
  }
  return actions;
}

std::chrono::seconds backoff(unsigned failures) {
  constexpr unsigned most_doublings = 5;
  constexpr std::chrono::seconds longest{60};
  return std::min(longest, std::chrono::seconds(1LL << std::min(failures, most_doublings + 1)));
}

}  // namespace sdt::plan
