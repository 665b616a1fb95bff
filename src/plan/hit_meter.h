// What the hits of one metric take.
//
// Purpose:   turn a program's cumulative counters into CPU time. Most of it is the trap, which is
//            the same for every hit; the program's own part is measured by samples, because the
//            kernel's measuring costs time too.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/samples.h"

namespace sdt::plan {

class HitMeter {
 public:
  /// Of a program that was not measured yet: a label or two, or a pair.
  static constexpr std::chrono::nanoseconds assumed_run_cost{150};
  /// Fewer runs than that say nothing: one of them may have waited for a page.
  static constexpr std::uint64_t enough_runs = 100;

  struct Charge {
    std::uint64_t hits = 0;  ///< those of foreign processes too: they trap as well
    std::chrono::nanoseconds cost{};
  };

  /// What came since the previous call.
  Charge charge(const Tally& tally, std::chrono::nanoseconds trap_cost);

  /// The kernel begins to measure runs, or has begun.
  void begin_sample(const Tally& tally);
  /// The same a while later. `is_own`: it measured for the sake of the sample alone.
  void end_sample(const Tally& tally, bool is_own);
  /// Fires, and was never measured.
  [[nodiscard]] bool wants_sample() const { return !is_measured_ && latest_hits_ >= enough_runs; }

  /// The program's counters begin at zero again.
  void restart();

  [[nodiscard]] std::chrono::nanoseconds run_cost() const { return run_cost_; }
  [[nodiscard]] std::chrono::nanoseconds spent() const { return spent_; }
  /// What of Tally::run_nanoseconds was measured for the samples alone.
  [[nodiscard]] std::uint64_t sampled_nanoseconds() const { return sampled_nanoseconds_; }

  template <class Archive>
  void serialize(Archive& archive) {
    archive(hits_, spent_, run_cost_, is_measured_, sampled_nanoseconds_);
  }

 private:
  struct Reading {
    std::uint64_t nanoseconds = 0;
    std::uint64_t runs = 0;
  };

  std::uint64_t hits_ = 0;  ///< of this program, charged for
  std::uint64_t latest_hits_ = 0;
  std::chrono::nanoseconds spent_{};
  std::chrono::nanoseconds run_cost_ = assumed_run_cost;
  bool is_measured_ = false;
  std::uint64_t sampled_nanoseconds_ = 0;
  std::optional<Reading> began_;
};

}  // namespace sdt::plan
