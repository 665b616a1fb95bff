// How `check --probes` shows what it found.
//
// Purpose:   what would be attached, and what would not and why, as text for people.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/style.h"
#include "plan/select.h"

namespace sdt::cli {

/// A file in which a metric's probes are, as the processes map it.
struct CheckedFile {
  std::string path;
  plan::Selection selection;
  std::string problem;  ///< why nothing of it can be attached; empty: it can
};

struct CheckedMetric {
  std::string name;
  std::size_t map_bytes = 0;
  std::vector<CheckedFile> files;
  std::string problem;             ///< what keeps it from being attached in full; empty: nothing
  bool waits_for_process = false;  ///< which is all the problem that is known
};

struct CheckedTarget {
  std::string name;
  std::size_t processes = 0;
  std::vector<CheckedMetric> metrics;
};

/// A block for each target, a verdict for each metric, a line for each site; a summary at the end.
[[nodiscard]] std::string check_as_text(const std::vector<CheckedTarget>& targets,
                                        const Style& style);

}  // namespace sdt::cli
