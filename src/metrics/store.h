// Series: what the drained words add up to.
//
// Purpose:   turn cumulative raw samples into series that only grow, one MetricSeries a metric:
//            subtract what was seen before, decide unknown processes, map labels, cap, expire, and
//            publish a value for the scrape.
// Ownership: owns its series and the previous words of every key.
// Thread:    the loop; `now` is a parameter. What collect() returns is shared freely.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/int128.h"
#include "base/placement.h"
#include "base/samples.h"
#include "metrics/labels.h"
#include "metrics/snapshot.h"
#include "spec/config.h"

namespace sdt::metrics {

using Time = std::chrono::steady_clock::time_point;

/// What is known of the process a key was recorded under.
struct ProcessView {
  enum class Standing {
    member,   ///< belongs to the target: its events count
    foreign,  ///< does not: they are none of ours
    unknown,  ///< cannot be told yet: look again at the next drain
    gone,     ///< ended before it could be told: its events are lost, reason unclassified
  };
  Standing standing = Standing::unknown;
  ProcessFacts facts;         ///< for labels; members only
  std::optional<Time> ended;  ///< when a member was first seen to be gone
};
using ProcessLookup = std::function<ProcessView(ImageKey image)>;

class MetricSeries {
 public:
  /// A metric with a `pid` or `tid` label keeps the series of a process so long after its end.
  static constexpr std::chrono::minutes default_process_lifetime{5};

  /// `metric` must outlive this object.
  explicit MetricSeries(const spec::Metric& metric);
  MetricSeries(const MetricSeries&) = delete;  // cursors point into the series
  MetricSeries& operator=(const MetricSeries&) = delete;
  MetricSeries(MetricSeries&&) = default;
  MetricSeries& operator=(MetricSeries&&) = delete;
  ~MetricSeries() = default;

  /// Adds what happened since the previous call. `process` is asked at most once an image. `now` is
  /// before the samples were read: what a process that had ended by then did is all in them.
  void apply(const Samples& samples, const ProcessLookup& process, Time now);

  /// Forgets series that were idle for longer than `expire_after`, or whose process ended long
  /// enough ago, and returns the raw keys that nobody will ask for again: those of expired series,
  /// those idle for that long, those of processes that had ended before they were read, those of
  /// foreign processes that did not change since the previous call, and, where series are not per
  /// process, those of processes that the kernel has recorded under 0 for two calls. Their map
  /// entries must be deleted before the next drain: a returned key that shows up again counts as a
  /// new one.
  [[nodiscard]] std::vector<std::string> expire(Time now);

  /// Drops the previous words: the maps behind the samples were made anew and count from zero.
  /// Events whose process was still unknown are lost, reason unclassified.
  void restart();

  /// Everything it knows, as bytes for restore() of a later run of the daemon on the same machine
  /// since it was booted: times are those of CLOCK_MONOTONIC.
  [[nodiscard]] std::string save() const;
  /// Goes on where save() was called. False, and nothing has changed, when the bytes are of another
  /// metric.
  [[nodiscard]] bool restore(const std::string& bytes);

  [[nodiscard]] MetricSnapshot collect() const;
  /// The same with the first `most` series only.
  [[nodiscard]] MetricSnapshot collect(std::size_t most) const;
  /// Of all series together, `other` included. Of a gauge that is set it means something only where
  /// there is one series.
  [[nodiscard]] SeriesValue total() const;
  /// How many collect() returns.
  [[nodiscard]] std::size_t size() const { return series_.size(); }

  /// Label sets that count towards `max_series`; the series `other` has its place beside them.
  [[nodiscard]] std::size_t series_count() const;
  /// Events of processes that were gone before they could be classified, so far.
  [[nodiscard]] std::uint64_t unclassified() const { return unclassified_; }
  /// Events of processes that turned out to be foreign when they were classified, so far.
  [[nodiscard]] std::uint64_t foreign() const { return foreign_; }
  /// Events that a condition on their process refused, so far.
  [[nodiscard]] std::uint64_t filtered() const { return filtered_; }
  /// Events that were counted in the series whose labels read `other`, so far.
  [[nodiscard]] std::uint64_t folded() const { return folded_; }

 private:
  struct Series {
    SeriesValue value;
    std::uint64_t time_set = 0;  ///< gauges that show the last value: see metrics::time_set()
    std::optional<Time> last_event;
    /// Only kept where series end with their process: who feeds this one and has not ended, and
    /// when the latest of the others ended.
    std::vector<ImageKey> living;
    std::optional<Time> ended;
  };

  /// One raw key: how much of it has been counted, and where.
  struct Cursor {
    enum class State : std::uint8_t { undecided, member, foreign, gone };

    State state = State::undecided;
    bool process_ended = false;  ///< members only
    bool has_last = false;       ///< the process had ended before its words were read
    bool folded = false;         ///< its label set found no room: it counts in `other`
    bool changed = false;        ///< since the previous expire()
    unsigned quiet_calls = 0;    ///< of expire() without a change
    Series* series = nullptr;  ///< members: where it counts; null where `where` refuses its process
    std::vector<std::uint64_t> words;  ///< the previous reading
    std::uint64_t pending = 0;         ///< events that wait for the process to be classified
    Time last_change{};
    ProcessFacts facts;  ///< that `series` was chosen with
  };

  /// Lets keys be looked up by their bytes, without making a string of them.
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>{}(key);
    }
  };
  using Cursors = std::unordered_map<std::string, Cursor, KeyHash, std::equal_to<>>;

  class ProcessViews;

  void apply_key(const Samples& samples, std::size_t index, ProcessViews& processes, Time now);
  void apply_other(const Samples& samples, Time now);
  static void add(const Samples& samples, std::span<const std::uint64_t> before,
                  std::span<const std::uint64_t> after, Series& series, Time now);
  /// Finds out whose events the key holds, and where they count.
  void decide(Cursor& cursor, const Samples& samples, std::size_t index, ProcessViews& processes,
              Time now);
  void place(Cursor& cursor, const Samples& samples, std::size_t index, const ProcessFacts& facts);
  Series& series_for(LabelValues values, bool& folded);
  Series& obtain(LabelValues values);
  void follow_processes(ProcessViews& processes, Time now);

  [[nodiscard]] bool is_expired(const Series& series, Time now) const;
  [[nodiscard]] bool is_done_with(const Cursor& cursor, std::uint32_t pid, Time now) const;

  const spec::Metric& metric_;
  const LabelValues other_;
  const bool uses_facts_;
  const bool per_process_;
  const bool ends_with_process_;

  std::map<LabelValues, Series> series_;  ///< in the order in which they are shown
  Cursors cursors_;
  std::vector<std::uint64_t> other_words_;  ///< the previous reading of Samples::other
  std::uint64_t unclassified_ = 0;
  std::uint64_t foreign_ = 0;
  std::uint64_t filtered_ = 0;
  std::uint64_t folded_ = 0;
};

}  // namespace sdt::metrics
