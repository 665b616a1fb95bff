// What the tests of MetricSeries have in common: a clock, a table of processes, and a way to read
// values.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fakes/metric_builder.h"
#include "fakes/samples_builder.h"
#include "metrics/store.h"

namespace sdt::metrics {

using namespace std::chrono_literals;
using fakes::argument;
using fakes::counter;
using fakes::gauge;
using fakes::histogram;
using fakes::SamplesBuilder;
using fakes::string_argument;
using Standing = ProcessView::Standing;

class SeriesTest : public ::testing::Test {
 protected:
  /// A drain and its application, one second after the previous one.
  void drain(MetricSeries& series, const Samples& samples) {
    now += 1s;
    series.apply(
        samples,
        [this](ImageKey image) {
          ++asked[image.pid];
          return processes[image.pid];
        },
        now);
  }

  void member(std::uint32_t pid, std::string exe = "/bin/app") {
    processes[pid] = {Standing::member, {std::move(exe), {}}, {}};
  }
  void foreign(std::uint32_t pid) { processes[pid] = {Standing::foreign, {}, {}}; }
  void gone(std::uint32_t pid) { processes[pid] = {Standing::gone, {}, {}}; }
  void ended(std::uint32_t pid) { processes[pid].ended = now; }

  /// Values by label values joined with commas, in the order in which they are shown.
  static std::map<std::string, std::string> values(const MetricSeries& series) {
    std::map<std::string, std::string> shown;
    for (const SeriesSnapshot& one : series.collect().series) {
      std::string labels;
      for (const auto& [name, value] : one.labels) labels += (labels.empty() ? "" : ",") + value;
      shown[labels] = text_of(one.value);
    }
    return shown;
  }

  static std::string text_of(const SeriesValue& value) {
    if (const auto* number = std::get_if<Int128>(&value)) return to_decimal(*number);
    const auto& histogram = std::get<HistogramValue>(value);
    std::string text;
    for (const std::uint64_t bucket : histogram.buckets) text += std::to_string(bucket) + " ";
    return text + "sum " + to_decimal(histogram.sum);
  }

  using Shown = std::map<std::string, std::string>;
  using Keys = std::vector<std::string>;

  Time now{};
  std::map<std::uint32_t, ProcessView> processes;  ///< unknown unless set
  std::map<std::uint32_t, int> asked;
};

inline SamplesBuilder counts() {
  return {CellKind::count, 1};
}
inline SamplesBuilder counts_by_number() {
  return SamplesBuilder(CellKind::count, 1).with_integer();
}

}  // namespace sdt::metrics
