// What the user asked for, validated: the value that the rest of the program works from.
//
// Purpose:   the intermediate form between YAML and everything else. No YAML type, no path of a
//            config file that matters later, nothing unchecked: every name is legal, every bound
//            sorted, every default filled in.
// Ownership: plain values, immutable once loaded.
// Thread:    any.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/glob.h"
#include "base/int128.h"
#include "spec/expression.h"
#include "spec/rewrite.h"

namespace re2 {
class RE2;
}

namespace sdt::spec {

/// An RE2 pattern, compiled when the file was loaded; matches anywhere in the text unless anchored.
class Regex {
 public:
  /// The message on failure is RE2's own.
  [[nodiscard]] static tl::expected<Regex, std::string> compile(const std::string& pattern);
  [[nodiscard]] bool matches(std::string_view text) const;
  [[nodiscard]] const std::string& text() const;

 private:
  explicit Regex(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const re2::RE2> compiled_;
};

/// One entry of `processes`: all keys that are set must hold.
struct ProcessSelector {
  std::optional<Glob> exe;   ///< Glob::matches_path on the executable's path as the process sees it
  std::optional<Glob> comm;  ///< of the process (its main thread)
  std::optional<Regex> cmdline;  ///< over the arguments joined by blanks
  std::optional<std::uint32_t> pid;
  std::optional<std::variant<std::uint32_t, std::string>> user;  ///< uid or name
  std::optional<Glob> cgroup;     ///< over its whole path, where `*` crosses every `/`
  std::optional<Glob> unit;       ///< systemd's
  std::optional<Glob> container;  ///< over the runtime's id
  std::optional<Glob> pod;
  std::optional<Glob> pod_namespace;
  std::optional<Glob> container_name;
};

/// `provider:name`, globs in both.
struct ProbePattern {
  Glob provider;
  Glob name;
  [[nodiscard]] bool matches(const std::string& provider_name,
                             const std::string& probe_name) const {
    return provider.matches(provider_name) && name.matches(probe_name);
  }
  [[nodiscard]] bool is_literal() const { return provider.is_literal() && name.is_literal(); }
  [[nodiscard]] std::string text() const { return provider.text() + ":" + name.text(); }
};

/// Every firing is an event.
struct SingleProbe {
  ProbePattern probe;
};

/// What happens when a start finds an unfinished one of the same key.
enum class Nesting : std::uint8_t {
  last,       ///< the new one replaces it; the old one is lost
  outermost,  ///< only the outermost pair is timed
  stack,      ///< each level is timed, up to 16 deep
};

/// A pair of probes; the event is the end.
struct Interval {
  ProbePattern start;
  ProbePattern end;
  bool thread_keyed = true;  ///< the default key `tid`: both keys below are then unused
  IntExpr start_key;
  IntExpr end_key;
  Nesting nesting = Nesting::last;
};

/// A gauge that one probe raises and another lowers.
struct UpDown {
  ProbePattern inc;
  ProbePattern dec;
};

using EventSource = std::variant<SingleProbe, Interval, UpDown>;

struct LabelMap {
  std::map<std::string, std::string> values;  ///< from the printed raw value
  std::optional<std::string>
      fallback;  ///< `default`: for values that are not listed, or that `regex` does not match;
                 ///< without it they print as they are
};

struct Label {
  std::string name;
  Expr value;
  LabelMap map;
  std::optional<Rewrite> rewrite = std::nullopt;  ///< instead of a map's values
};

/// A bucket's upper bound, inclusive.
struct Bound {
  double upper = 0;  ///< in exported units: what `le` prints
  Int128 raw = 0;    ///< the largest raw value that is still inside; within [INT64_MIN, UINT64_MAX]
  std::uint32_t fraction = 0;  ///< what comes on top for floating-point values, in 2^-32
};

enum class MetricType : std::uint8_t { counter, gauge, histogram };

/// Which of the values of a gauge on `probe` or `start` + `end` is shown.
enum class Aggregate : std::uint8_t { last, min, max };

struct Metric {
  static constexpr std::size_t max_labels = 16;
  static constexpr std::size_t max_conditions = 8;
  static constexpr std::size_t max_bounds = 256;

  std::string name;
  std::string help;
  MetricType type = MetricType::counter;
  Aggregate aggregate = Aggregate::last;  ///< gauges only
  EventSource source;
  IntExpr value;  ///< the constant 1 where none is needed
  /// The value is an argument as it is, and has a `scale`: of floating-point ones, 32 bits behind
  /// the point are kept.
  bool keeps_fraction = false;
  double scale =
      1;  ///< raw integer to exported number; a value built on `elapsed` has its 1e-9 in here
  std::vector<Condition> where;
  std::vector<Label> labels;  ///< sorted by name
  std::vector<Bound> bounds;  ///< ascending, without +Inf; histograms only
  std::uint32_t max_series = 0;
  std::optional<std::chrono::nanoseconds> expire_after;
  std::string place;  ///< file:line of the declaration, for messages
  /// What was declared, with the defaults that apply: metrics of equal fingerprints count the same.
  std::string fingerprint;
};

/// What the hits of a target may take before its costliest metric is detached for a while.
struct Budget {
  std::optional<std::uint64_t> hits_per_second;  ///< of all its metrics; none: unlimited
  std::optional<double> cpu = 0.1;  ///< share of the time of all CPUs, 0 to 1; none: unlimited
  std::chrono::nanoseconds retry_after = std::chrono::minutes(1);  ///< the first pause

  friend bool operator==(const Budget&, const Budget&) = default;
};

struct Target {
  std::string name;
  std::vector<ProcessSelector> processes;
  std::optional<Glob> file;  ///< Glob::matches_path on mapped files
  /// Also where the running kernel may overwrite the stack of the program: on 5-byte nops.
  bool allow_unsafe_sites = false;
  std::vector<Metric> metrics;
  Budget budget;
};

struct Global {
  std::chrono::nanoseconds drain_interval = std::chrono::seconds(5);
  std::uint32_t max_series = 1000;
  Budget budget;  ///< for what a target's own does not say
};

struct Config {
  Global global;
  std::vector<Target> targets;
};

/// What a label shows for a value, given as it prints: by its map or its rewrite.
[[nodiscard]] std::string shown_text(const Label& label, std::string printed);

/// True when a label or `where` reads what only the daemon knows of a process: exe, cgroup, unit …
[[nodiscard]] bool reads_process_facts(const Metric& metric);

/// True when a label or `where` reads where a process runs: cgroup, unit, container …
[[nodiscard]] bool reads_placement(const Metric& metric);

/// True when it takes the process to count an event: some label reads pid or tid, or process facts
/// are read. Such keys carry their process even after it is classified, and such series end
/// some time after it.
[[nodiscard]] bool is_per_process(const Metric& metric);

/// True when the metric's `pid` or `tid` label makes its series end 5 minutes after the process by
/// default.
[[nodiscard]] bool has_process_lifetime(const Metric& metric);

}  // namespace sdt::spec
