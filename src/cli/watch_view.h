// The picture that `watch` shows.
//
// Purpose:   counts of one moment, and of the one before for the rates, as lines for a terminal.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "cli/style.h"
#include "metrics/self.h"
#include "metrics/snapshot.h"

namespace sdt::cli {

/// What the engine knows after a drain.
struct Moment {
  std::chrono::steady_clock::time_point at;
  metrics::Snapshot snapshot;  ///< metrics in the order of `self`
  metrics::SelfMetrics self;
};

struct Picture {
  Style style;
  std::size_t width = 0;  ///< columns; 0: no matter how many
};

/// A block for each target, a row for each series, bars for those of histograms. Without a moment
/// before there are no rates. Lines have no ends, and none is cut but for what is foreign in it.
[[nodiscard]] std::vector<std::string> draw(const Moment& now, const Moment* before,
                                            const Picture& picture);

}  // namespace sdt::cli
