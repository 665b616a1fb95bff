// process_*: what every Prometheus client reports of its own process.
//
// Purpose:   CPU, memory and descriptors of the daemon, read from /proc/self.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/snapshot.h"

namespace sdt::expose {

/// The raw facts, as the kernel gives them.
struct ProcessFacts {
  std::string_view stat;        ///< the text of /proc/self/stat
  std::uint64_t boot_time = 0;  ///< `btime` of /proc/stat: seconds since 1970
  std::uint64_t ticks_per_second = 100;
  std::uint64_t page_size = 4096;
  std::uint64_t open_fds = 0;
  std::optional<std::uint64_t> max_fds;  ///< none where there is no limit
};

/// Pure. Errc::invalid when `stat` does not have the form that proc(5) describes.
[[nodiscard]] Result<std::vector<metrics::MetricSnapshot>> process_metrics(
    const ProcessFacts& facts);

/// `btime` from the text of /proc/stat.
[[nodiscard]] Result<std::uint64_t> parse_boot_time(std::string_view proc_stat);

/// Of this process, now.
[[nodiscard]] Result<std::vector<metrics::MetricSnapshot>> read_process_metrics();

}  // namespace sdt::expose
