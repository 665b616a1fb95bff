// Counters of programs that took each other's place.
//
// Purpose:   a metric's program may be dropped and loaded anew; what is shown must never step back.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "base/samples.h"

namespace sdt::daemon {

struct Totals {
  std::map<ProbeName, std::uint64_t> hits;
  std::uint64_t filtered = 0;
  std::uint64_t foreign = 0;
  std::uint64_t strings_cut = 0;
  std::array<std::uint64_t, loss_reason_count> lost{};
  std::uint64_t run_nanoseconds = 0;

  /// `probes` names what tally.hits counts.
  void add(const Tally& tally, const std::vector<ProbeName>& probes);
};

}  // namespace sdt::daemon
