// MetricSeries::save and restore: series that outlive the daemon that counted them.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/pack.h"
#include "metrics/store.h"

namespace sdt::metrics {
namespace {

struct SavedInt128 {
  std::uint64_t low = 0;
  std::int64_t high = 0;

  SavedInt128() = default;
  explicit SavedInt128(Int128 value)
      : low(static_cast<std::uint64_t>(value)), high(static_cast<std::int64_t>(value >> 64)) {}
  [[nodiscard]] Int128 value() const { return (Int128{high} << 64) | Int128{low}; }

  template <class Archive>
  void serialize(Archive& archive) {
    archive(low, high);
  }
};

struct SavedSeries {
  LabelValues labels;
  SavedInt128 total;  ///< a histogram's sum
  std::vector<std::uint64_t> buckets;
  std::uint64_t time_set = 0;
  std::optional<Time> last_event;
  std::vector<ImageKey> living;
  std::optional<Time> ended;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(labels, total, buckets, time_set, last_event, living, ended);
  }
};

struct SavedCursor {
  std::string key;
  std::uint8_t state = 0;
  bool process_ended = false;
  bool has_last = false;
  bool folded = false;
  bool changed = false;
  std::uint32_t quiet_calls = 0;
  std::uint64_t series = 0;  ///< 1 and up: its place among the series; 0: none
  std::vector<std::uint64_t> words;
  std::uint64_t pending = 0;
  Time last_change{};
  ProcessFacts facts;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(key, state, process_ended, has_last, folded, changed, quiet_calls, series, words,
            pending, last_change, facts);
  }
};

struct SavedMetric {
  std::vector<SavedSeries> series;
  std::vector<SavedCursor> cursors;
  std::vector<std::uint64_t> other_words;
  std::uint64_t unclassified = 0;
  std::uint64_t foreign = 0;
  std::uint64_t filtered = 0;
  std::uint64_t folded = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(series, cursors, other_words, unclassified, foreign, filtered, folded);
  }
};

}  // namespace

std::string MetricSeries::save() const {
  SavedMetric saved;
  saved.other_words = other_words_;
  saved.unclassified = unclassified_;
  saved.foreign = foreign_;
  saved.filtered = filtered_;
  saved.folded = folded_;
  std::unordered_map<const Series*, std::uint64_t> places;
  for (const auto& [labels, series] : series_) {
    places.emplace(&series, places.size() + 1);
    SavedSeries& one = saved.series.emplace_back();
    one.labels = labels;
    if (const auto* histogram = std::get_if<HistogramValue>(&series.value)) {
      one.total = SavedInt128(histogram->sum);
      one.buckets = histogram->buckets;
    } else {
      one.total = SavedInt128(std::get<Int128>(series.value));
    }
    one.time_set = series.time_set;
    one.last_event = series.last_event;
    one.living = series.living;
    one.ended = series.ended;
  }
  for (const auto& [key, cursor] : cursors_) {
    saved.cursors.push_back({key, static_cast<std::uint8_t>(cursor.state), cursor.process_ended,
                             cursor.has_last, cursor.folded, cursor.changed, cursor.quiet_calls,
                             cursor.series == nullptr ? 0 : places.at(cursor.series), cursor.words,
                             cursor.pending, cursor.last_change, cursor.facts});
  }
  return pack(saved);
}

bool MetricSeries::restore(const std::string& bytes) {
  auto saved = unpack<SavedMetric>(bytes);
  if (!saved) return false;
  const bool is_histogram = metric_.type == spec::MetricType::histogram;
  const std::size_t buckets = is_histogram ? metric_.bounds.size() + 1 : 0;
  const bool fits = std::ranges::all_of(saved->series, [&](const SavedSeries& one) {
    return one.labels.size() == metric_.labels.size() && one.buckets.size() == buckets;
  });
  if (!fits) return false;

  series_.clear();
  cursors_.clear();
  std::vector<Series*> places{nullptr};
  for (SavedSeries& one : saved->series) {
    Series& series = obtain(std::move(one.labels));
    if (is_histogram) {
      series.value = HistogramValue{std::move(one.buckets), one.total.value()};
    } else {
      series.value = one.total.value();
    }
    series.time_set = one.time_set;
    series.last_event = one.last_event;
    series.living = std::move(one.living);
    series.ended = one.ended;
    places.push_back(&series);
  }
  for (SavedCursor& one : saved->cursors) {
    Cursor cursor;
    cursor.state = static_cast<Cursor::State>(one.state);
    cursor.process_ended = one.process_ended;
    cursor.has_last = one.has_last;
    cursor.folded = one.folded;
    cursor.changed = one.changed;
    cursor.quiet_calls = one.quiet_calls;
    cursor.series = one.series < places.size() ? places[one.series] : nullptr;
    cursor.words = std::move(one.words);
    cursor.pending = one.pending;
    cursor.last_change = one.last_change;
    cursor.facts = std::move(one.facts);
    cursors_.insert_or_assign(std::move(one.key), std::move(cursor));
  }
  other_words_ = std::move(saved->other_words);
  unclassified_ = saved->unclassified;
  foreign_ = saved->foreign;
  filtered_ = saved->filtered;
  folded_ = saved->folded;
  return true;
}

}  // namespace sdt::metrics
