// The circuit breaker of a target: tracing must not cost more than its budget.
//
// Purpose:   decide, from what the hits of each metric take, which metric is to be detached, and
//            when it may be tried again. A metric counts every event or none: a sample would be no
//            honest histogram.
// Ownership: plain values; the fuses are the metrics'.
// Thread:    any; pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "plan/reconcile.h"
#include "spec/config.h"

namespace sdt::plan {

struct Trip {
  std::string reason;  ///< with figures, for a person
  Time retry_at;
};

/// What the breaker knows of one metric.
struct Fuse {
  std::optional<Trip> trip;          ///< it is detached
  unsigned trips = 0;                ///< since it was last held to be harmless
  std::optional<Time> on_probation;  ///< since when it is tried again
};

/// What a metric did in a period.
struct Load {
  Fuse* fuse = nullptr;
  std::uint64_t hits = 0;
  std::chrono::nanoseconds cost{};  ///< CPU time, of all its hits together
};

/// So long a target may be over its budget.
inline constexpr std::chrono::seconds patience{5};
/// The same when the metric to be detached is on probation.
inline constexpr std::chrono::seconds short_patience{2};
/// A metric that stays attached so long after it was tried again has done its probation.
inline constexpr std::chrono::minutes probation{10};
inline constexpr std::chrono::hours longest_pause{1};

class Breaker {
 public:
  /// Takes in a period of a target that ends now, with a load for each metric that is attached. The
  /// index of the metric that tripped, if one did; its fuse says so too. The others get a fresh
  /// patience.
  [[nodiscard]] std::optional<std::size_t> observe(const spec::Budget& budget,
                                                   std::span<const Load> loads,
                                                   std::chrono::nanoseconds length, unsigned cpus,
                                                   Time now);

 private:
  std::optional<Time> over_since_;
};

/// True when the metric's pause is over: it is now on probation.
[[nodiscard]] bool retry(Fuse& fuse, Time now);

/// Another budget is in force: what the former one led to holds no more.
void reset(Fuse& fuse, Time now);

}  // namespace sdt::plan
