// What the pages show: the targets, what they are made of and what they do, at one moment.
//
// Purpose:   the border between the daemon, which fills this in, and the pages `/`, `/targets` and
//            `/api/v1/targets`, which render it. Of a process it has the number, the executable and
//            the name: never its arguments, its environment, or anything out of a file.
// Ownership: plain values. Whatever grows with the machine is cut to its first entries here, so
//            that neither the copy nor the page grows with it.
// Thread:    any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/self.h"
#include "metrics/snapshot.h"
#include "spec/config.h"

namespace sdt::expose {

/// The first of many.
template <class T>
struct Excerpt {
  std::vector<T> shown;
  std::uint64_t total = 0;
  [[nodiscard]] std::uint64_t left_out() const { return total - shown.size(); }
};

inline constexpr std::size_t most_processes = 50;  ///< of a target
inline constexpr std::size_t most_files = 20;      ///< of a metric
inline constexpr std::size_t most_probes = 50;     ///< of a metric, and of a file
inline constexpr std::size_t most_refused = 20;    ///< sites of a file
inline constexpr std::size_t most_series = 20;     ///< of a metric

struct ProcessView {
  std::uint32_t pid = 0;
  std::string exe;
  std::string comm;
};

struct FileView {
  struct Sites {
    std::string probe;  ///< provider:name
    std::uint64_t count = 0;
  };
  std::string path;
  Excerpt<Sites> sites;
  Excerpt<std::string> refused;  ///< places that are left out, and why
};

enum class AttachState : std::uint8_t {
  attached,  ///< every probe that it needs is, somewhere
  waiting,   ///< for processes, or for a file with its probes
  failed,    ///< there is something to attach to, and it cannot be
  tripped,   ///< detached for a while: its target is over its budget
};

/// What a metric did in the last seconds.
struct Lately {
  std::chrono::nanoseconds length{};
  double hits_per_second = 0;
  double cpu = 0;                      ///< share of the time of all CPUs
  double per_second = 0;               ///< a counter's growth in exported units; else events
  std::vector<std::uint64_t> buckets;  ///< histograms: events, not cumulative
};

struct MetricView {
  /// What the pattern `probe` is to the metric: probe, start, end, inc or dec.
  struct Declared {
    std::string role;
    std::string pattern;
  };

  metrics::SelfMetrics::Metric self;  ///< as /metrics has it, but for its probes
  Excerpt<metrics::SelfMetrics::Probe> probes;
  std::vector<Declared> declared;
  AttachState state = AttachState::waiting;
  std::string reason;  ///< in words; empty when attached
  std::optional<std::chrono::seconds> retry_in;
  bool is_on_probation = false;  ///< tripped before, and tried again
  Excerpt<FileView> files;
  metrics::MetricSnapshot snapshot;  ///< its first series
  std::uint64_t series_total = 0;    ///< that there are, `other` included
  metrics::SeriesValue total;        ///< of all series together
  std::optional<Lately> lately;      ///< unset: not known yet
};

struct TargetView {
  std::string name;
  bool is_waiting = true;  ///< none of its metrics is attached
  Excerpt<ProcessView> processes;
  spec::Budget budget;
  std::vector<MetricView> metrics;
};

struct TargetsView {
  std::string version;
  std::string telemetry_path;
  std::chrono::nanoseconds age{};  ///< of the counts
  std::vector<TargetView> targets;
};

/// The words in the JSON.
[[nodiscard]] std::string_view to_string(AttachState state);
[[nodiscard]] std::string_view to_string(spec::MetricType type);

/// Of the metrics for which it is known; unset: of none.
[[nodiscard]] std::optional<double> hits_per_second(const TargetView& target);
[[nodiscard]] std::optional<double> cpu_share(const TargetView& target);

/// Events, over all reasons.
[[nodiscard]] std::uint64_t lost_events(const MetricView& metric);

}  // namespace sdt::expose
