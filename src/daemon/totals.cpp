#include "daemon/totals.h"

#include <cstddef>

namespace sdt::daemon {

void Totals::add(const Tally& tally, const std::vector<ProbeName>& probes) {
  for (std::size_t i = 0; i < probes.size() && i < tally.hits.size(); ++i) {
    hits[probes[i]] += tally.hits[i];
  }
  filtered += tally.filtered;
  foreign += tally.foreign;
  strings_cut += tally.strings_cut;
  for (std::size_t i = 0; i < loss_reason_count; ++i) lost[i] += tally.lost[i];
  run_nanoseconds += tally.run_nanoseconds;
}

}  // namespace sdt::daemon
