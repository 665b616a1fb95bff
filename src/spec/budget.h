// The `budget` of a target, or of all targets.
//
// Purpose:   read the keys that are there, so that a target's can go before the global ones.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "spec/config.h"
#include "spec/report.h"
#include "spec/yaml.h"

namespace sdt::spec {

/// The keys that were given, each with its value; a limit may be given as none.
struct BudgetDraft {
  std::optional<std::optional<std::uint64_t>> hits_per_second;
  std::optional<std::optional<double>> cpu;
  std::optional<std::chrono::nanoseconds> retry_after;

  /// `others`, where this says nothing.
  [[nodiscard]] Budget over(Budget others) const;
};

[[nodiscard]] BudgetDraft read_budget(const Node& node, Report& report);

}  // namespace sdt::spec
