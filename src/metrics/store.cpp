#include "metrics/store.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "metrics/cell.h"

namespace sdt::metrics {
namespace {

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_zero(Words words) {
  return std::ranges::all_of(words, [](std::uint64_t word) { return word == 0; });
}

/// True when the process that was a member is one no more: it ended, or its number now belongs to
/// another.
bool is_over(const ProcessView& view) {
  if (view.standing == ProcessView::Standing::member) return view.ended.has_value();
  return view.standing != ProcessView::Standing::unknown;
}

SeriesValue zero(const spec::Metric& metric) {
  if (metric.type != spec::MetricType::histogram) return Int128{0};
  return HistogramValue{std::vector<std::uint64_t>(metric.bounds.size() + 1), 0};
}

/// What a series is before its first event.
SeriesValue beginning(const spec::Metric& metric) {
  if (metric.aggregate == spec::Aggregate::min) return above_all;
  if (metric.aggregate == spec::Aggregate::max) return below_all;
  return zero(metric);
}

/// A series of extremes whose first event was read before its value.
bool has_no_value(const SeriesValue& value) {
  const auto* number = std::get_if<Int128>(&value);
  return number != nullptr && (*number == above_all || *number == below_all);
}

void add_to(SeriesValue& to, const SeriesValue& value) {
  if (const auto* number = std::get_if<Int128>(&value)) {
    std::get<Int128>(to) += *number;
    return;
  }
  const auto& from = std::get<HistogramValue>(value);
  auto& into = std::get<HistogramValue>(to);
  for (std::size_t i = 0; i < from.buckets.size(); ++i) into.buckets[i] += from.buckets[i];
  into.sum += from.sum;
}

/// A series without labels that starts at 0 is shown before its first event, so that a rate over it
/// sees that event. A gauge that is set has no value until then.
bool is_shown_from_the_start(const spec::Metric& metric) {
  if (!metric.labels.empty()) return false;
  return metric.type != spec::MetricType::gauge ||
         std::holds_alternative<spec::UpDown>(metric.source);
}

}  // namespace

/// Asks once an image and call of apply(), however many keys the process has.
class MetricSeries::ProcessViews {
 public:
  explicit ProcessViews(const ProcessLookup& lookup) : lookup_(lookup) {}

  const ProcessView& of(const ImageKey& image) {
    const auto [entry, is_new] = seen_.try_emplace(image);
    if (is_new) entry->second = lookup_(image);
    return entry->second;
  }

 private:
  const ProcessLookup& lookup_;
  std::map<ImageKey, ProcessView> seen_;
};

MetricSeries::MetricSeries(const spec::Metric& metric)
    : metric_(metric),
      other_(other_values(metric)),
      uses_facts_(spec::reads_process_facts(metric)),
      per_process_(spec::is_per_process(metric)),
      ends_with_process_(spec::has_process_lifetime(metric)) {
  if (is_shown_from_the_start(metric)) obtain({});
}

void MetricSeries::apply(const Samples& samples, const ProcessLookup& process, Time now) {
  ProcessViews processes(process);
  // Keys of single processes were recorded before their process was classified: what was recorded
  // since is newer.
  for (const bool classified : {false, true}) {
    for (std::size_t i = 0; i < samples.count(); ++i) {
      if ((image_of(samples.key(i)).pid == 0) == classified) apply_key(samples, i, processes, now);
    }
  }
  apply_other(samples, now);
  if (ends_with_process_) follow_processes(processes, now);
}

void MetricSeries::apply_key(const Samples& samples, std::size_t index, ProcessViews& processes,
                             Time now) {
  const std::span<const std::byte> key = samples.key(index);
  const Words cell = samples.cell(index);
  auto entry = cursors_.find(as_text(key));
  if (entry == cursors_.end()) {
    if (is_zero(cell)) return;
    entry = cursors_.try_emplace(std::string(as_text(key))).first;
    entry->second.words.resize(cell.size());
  }
  Cursor& cursor = entry->second;
  // Every word is compared: a reading between two of the writer's steps may have the event without
  // its value, which then follows in the next reading.
  const bool changed = !std::ranges::equal(cursor.words, cell);
  const ImageKey image = image_of(key);
  if (cursor.state == Cursor::State::member && image.pid != 0) {
    const ProcessView& view = processes.of(image);
    const bool over = is_over(view);
    cursor.has_last = view.ended && *view.ended <= now;
    if (cursor.process_ended && !over) {  // alive again: another process has got the number
      cursor.state = Cursor::State::undecided;
      cursor.series = nullptr;
    }
    cursor.process_ended = over;
  }
  if (!changed) return;

  decide(cursor, samples, index, processes, now);
  const std::uint64_t events =
      events_between(samples.kind, cursor.words, cell, samples.has_fraction);
  cursor.pending = cursor.state == Cursor::State::undecided ? events : 0;
  if (cursor.state == Cursor::State::undecided) return;
  if (cursor.state == Cursor::State::gone) unclassified_ += events;
  if (cursor.state == Cursor::State::foreign) foreign_ += events;
  if (cursor.state == Cursor::State::member && cursor.series == nullptr) filtered_ += events;
  if (cursor.series != nullptr) {
    add(samples, cursor.words, cell, *cursor.series, now);
    if (cursor.folded) folded_ += events;
    std::vector<ImageKey>& living = cursor.series->living;
    if (ends_with_process_ && image.pid != 0 && std::ranges::find(living, image) == living.end()) {
      living.push_back(image);
    }
  }
  std::ranges::copy(cell, cursor.words.begin());
  cursor.changed = true;
  cursor.last_change = now;
}

void MetricSeries::decide(Cursor& cursor, const Samples& samples, std::size_t index,
                          ProcessViews& processes, Time now) {
  using State = Cursor::State;
  using Standing = ProcessView::Standing;
  const ImageKey image = image_of(samples.key(index));
  if (image.pid == 0) {
    if (cursor.state != State::member) place(cursor, samples, index, {});
    return;
  }
  const ProcessView& view = processes.of(image);
  if (cursor.state == State::member) {
    const bool is_another = uses_facts_ && !is_over(view) && view.facts != cursor.facts &&
                            view.standing == Standing::member;
    if (is_another) place(cursor, samples, index, view.facts);
    return;
  }
  cursor.series = nullptr;
  switch (view.standing) {
    case Standing::member:
      place(cursor, samples, index, view.facts);
      cursor.process_ended = is_over(view);
      cursor.has_last = view.ended && *view.ended <= now;
      return;
    case Standing::foreign:
      cursor.state = State::foreign;
      return;
    case Standing::gone:
      // The last events of a process that was known to be foreign are still none of ours.
      if (cursor.state != State::foreign) cursor.state = State::gone;
      return;
    case Standing::unknown:
      cursor.state = State::undecided;
      return;
  }
}

/// The key belongs to a member: from here on its events count, in the series its labels say.
void MetricSeries::place(Cursor& cursor, const Samples& samples, std::size_t index,
                         const ProcessFacts& facts) {
  cursor.state = Cursor::State::member;
  cursor.series = nullptr;
  cursor.folded = false;
  if (uses_facts_) {
    cursor.facts = facts;
    if (!admits(metric_, facts)) return;
  }
  if (is_spilled(samples.key(index))) {
    cursor.folded = !other_.empty();
    cursor.series = &obtain(other_);
    return;
  }
  cursor.series = &series_for(label_values(metric_, samples.labels(index), facts), cursor.folded);
}

MetricSeries::Series& MetricSeries::series_for(LabelValues values, bool& folded) {
  if (const auto found = series_.find(values); found != series_.end()) return found->second;
  folded = !values.empty() && values != other_ && series_count() >= metric_.max_series;
  return obtain(folded ? other_ : std::move(values));
}

MetricSeries::Series& MetricSeries::obtain(LabelValues values) {
  const auto [entry, is_new] = series_.try_emplace(std::move(values));
  if (is_new) entry->second.value = beginning(metric_);
  return entry->second;
}

/// Of several keys that feed a gauge, the one that was set last says what it shows.
void MetricSeries::add(const Samples& samples, std::span<const std::uint64_t> before,
                       std::span<const std::uint64_t> after, Series& series, Time now) {
  series.last_event = now;
  if (samples.kind == CellKind::last) {
    if (time_set(after) < series.time_set) return;
    series.time_set = time_set(after);
  }
  add_difference(samples.kind, before, after, series.value, samples.has_fraction);
}

void MetricSeries::apply_other(const Samples& samples, Time now) {
  if (samples.other.empty()) return;
  other_words_.resize(samples.other.size());
  if (other_words_ == samples.other) return;
  Series& series = obtain(other_);  // without labels, this is the metric's only series
  add(samples, other_words_, samples.other, series, now);
  if (!other_.empty())
    folded_ += events_between(samples.kind, other_words_, samples.other, samples.has_fraction);
  other_words_ = samples.other;
}

void MetricSeries::follow_processes(ProcessViews& processes, Time now) {
  for (auto& [values, series] : series_) {
    std::erase_if(series.living, [&, &owner = series](const ImageKey& image) {
      const ProcessView& view = processes.of(image);
      if (!is_over(view)) return false;
      const Time end = view.ended.value_or(now);
      owner.ended = std::max(owner.ended.value_or(end), end);
      return true;
    });
  }
}

std::vector<std::string> MetricSeries::expire(Time now) {
  std::vector<std::string> keys;
  // Cursors first: those of an expired series must not outlive it.
  for (auto entry = cursors_.begin(); entry != cursors_.end();) {
    Cursor& cursor = entry->second;
    cursor.quiet_calls = cursor.changed ? 0 : cursor.quiet_calls + 1;
    cursor.changed = false;
    if (is_done_with(cursor, image_of(std::as_bytes(std::span(entry->first))).pid, now)) {
      keys.push_back(entry->first);
      entry = cursors_.erase(entry);
    } else {
      ++entry;
    }
  }
  for (auto entry = series_.begin(); entry != series_.end();) {
    // A series that waits for its first event is idle from the first time that it is looked at.
    if (!entry->second.last_event) entry->second.last_event = now;
    entry = is_expired(entry->second, now) ? series_.erase(entry) : std::next(entry);
  }
  return keys;
}

bool MetricSeries::is_expired(const Series& series, Time now) const {
  const bool idle =
      metric_.expire_after && series.last_event && now - *series.last_event > *metric_.expire_after;
  if (idle) return true;
  return ends_with_process_ && series.living.empty() && series.ended &&
         now - *series.ended > metric_.expire_after.value_or(default_process_lifetime);
}

bool MetricSeries::is_done_with(const Cursor& cursor, std::uint32_t pid, Time now) const {
  if (cursor.state == Cursor::State::undecided) return false;
  if (cursor.series != nullptr && is_expired(*cursor.series, now)) return true;
  if (metric_.expire_after && now - cursor.last_change > *metric_.expire_after) return true;
  if (cursor.state == Cursor::State::member && cursor.has_last) return true;
  if (cursor.state != Cursor::State::member || cursor.process_ended) return cursor.quiet_calls >= 1;
  return pid != 0 && !per_process_ && cursor.quiet_calls >= 2;
}

void MetricSeries::restart() {
  for (const auto& [key, cursor] : cursors_) unclassified_ += cursor.pending;
  cursors_.clear();
  other_words_.clear();
}

MetricSnapshot MetricSeries::collect() const {
  return collect(series_.size());
}

MetricSnapshot MetricSeries::collect(std::size_t most) const {
  MetricSnapshot snapshot;
  snapshot.name = metric_.name;
  snapshot.help = metric_.help;
  snapshot.type = metric_.type;
  snapshot.aggregate = metric_.aggregate;
  snapshot.scale =
      metric_.keeps_fraction ? std::ldexp(metric_.scale, -fraction_bits) : metric_.scale;
  for (const spec::Bound& bound : metric_.bounds) snapshot.bounds.push_back(bound.upper);
  snapshot.series.reserve(std::min(most, series_.size()));
  for (const auto& [values, series] : series_) {
    if (snapshot.series.size() >= most) break;
    if (has_no_value(series.value)) continue;
    LabelSet labels;
    labels.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      labels.emplace_back(metric_.labels[i].name, values[i]);
    }
    snapshot.series.push_back({std::move(labels), series.value});
  }
  return snapshot;
}

SeriesValue MetricSeries::total() const {
  SeriesValue sum = zero(metric_);
  for (const auto& [values, series] : series_) {
    if (!has_no_value(series.value)) add_to(sum, series.value);
  }
  return sum;
}

std::size_t MetricSeries::series_count() const {
  const bool has_other = !other_.empty() && series_.contains(other_);
  return series_.size() - (has_other ? 1 : 0);
}

}  // namespace sdt::metrics
