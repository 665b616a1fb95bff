// How fast cumulative counts grow at present.
//
// Purpose:   rates for people, out of the readings of successive drains. Scrapes may drain in quick
//            succession, and two close readings say little: growth is taken over ten seconds or
//            more, once there are as many.
// Ownership: plain values; three readings, however long it runs.
// Thread:    any; pure, `now` is a parameter.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace sdt::metrics {

class Pace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Growth is that of so long, up to twice that, or of two readings that are farther apart.
  static constexpr std::chrono::seconds stretch{10};
  /// Less than that makes no rate.
  static constexpr std::chrono::seconds shortest{1};

  struct Growth {
    std::vector<std::uint64_t> by;  ///< in the order of the counts
    std::chrono::nanoseconds length{};
  };

  /// Counts that only grow. Should one of them fall, or their number change, what came before says
  /// nothing any more.
  void observe(std::vector<std::uint64_t> counts, Time now);

  /// nullopt until two readings are far enough apart.
  [[nodiscard]] std::optional<Growth> growth() const;

 private:
  struct Reading {
    std::vector<std::uint64_t> counts;
    Time at;
  };
  [[nodiscard]] bool goes_on_with(const std::vector<std::uint64_t>& counts) const;

  std::optional<Reading> base_;       ///< where growth is counted from
  std::optional<Reading> next_base_;  ///< takes its place once it is old enough
  std::optional<Reading> latest_;
};

}  // namespace sdt::metrics
