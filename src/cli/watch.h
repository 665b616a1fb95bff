// `sdt_exporter watch`: the counts in the terminal, live.
//
// Purpose:   the daemon's engine for as long as somebody looks: nothing is served, nothing is kept,
//            and a daemon that runs beside it is none the worse.
// Ownership: none.
// Thread:    the process's only one, but for those of the engine.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "kernel/features.h"

namespace sdt::cli {

struct WatchOptions {
  std::vector<std::string> config_files;
  std::vector<std::string> metrics;  ///< globs; none: all metrics
  std::string interval = "1s";
  bool once = false;  ///< one interval, one picture, and the end
  std::string root;   ///< of the host; empty: found out
  kernel::AttachChoice attach = kernel::AttachChoice::automatic;
  kernel::PairChoice pairs = kernel::PairChoice::automatic;
};

/// 0: until `q`, a signal or the end of the one interval; 1: the kernel or a capability does not
/// allow it; 2: the config or a flag is wrong.
[[nodiscard]] int run_watch(const WatchOptions& options);

}  // namespace sdt::cli
