// Label values and help texts, which come from the memory of other programs and from specs: the
// exposition stays readable, and says of each series what was counted.
//
// The input: a byte for the type, a byte for the length of the help and so many bytes, and so on
// with label values.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "expose/exposition.h"
#include "fuzz.h"
#include "metrics/utf8.h"

namespace sdt::fuzz {
namespace {

using metrics::MetricSnapshot;
using metrics::SeriesSnapshot;

/// "text" with \\, \" and \n, as the format has them; nothing when it is not.
std::optional<std::string> take_quoted(std::string_view& rest) {
  if (!rest.starts_with('"')) return std::nullopt;
  std::string value;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return value;
    }
    if (rest[i] == '\n') return std::nullopt;
    if (rest[i] != '\\') {
      value += rest[i];
      continue;
    }
    const char escaped = ++i < rest.size() ? rest[i] : '\0';
    if (escaped != '\\' && escaped != '"' && escaped != 'n') return std::nullopt;
    value += escaped == 'n' ? '\n' : escaped;
  }
  return std::nullopt;
}

struct Sample {
  std::string name;
  std::string text;  ///< value of the label `text`
  std::string value;
};

bool accept(std::string_view& rest, std::string_view word) {
  if (!rest.starts_with(word)) return false;
  rest.remove_prefix(word.size());
  return true;
}

Sample read_sample(std::string_view line) {
  Sample sample;
  sample.name = line.substr(0, line.find('{'));
  line.remove_prefix(sample.name.size());
  must(accept(line, "{index="), "labels in their order");
  must(take_quoted(line).has_value(), "a quoted value");
  must(accept(line, ",text="), "labels in their order");
  const auto text = take_quoted(line);
  must(text.has_value(), "a quoted value");
  sample.text = *text;
  if (accept(line, ",le=")) must(take_quoted(line).has_value(), "a quoted bound");
  must(accept(line, "} "), "a sample has a value");
  must(!line.empty() && line.find_first_not_of("0123456789.+-e") == std::string_view::npos,
       "a value is a number");
  sample.value = line;
  return sample;
}

/// The samples of an exposition; ends the process when it is none.
std::vector<Sample> read(std::string_view text, const std::string& help_line) {
  std::vector<Sample> samples;
  must(accept(text, help_line), "the help stands first, on one line");
  must(accept(text, "# TYPE fuzz_total "), "then the type");
  text.remove_prefix(text.find('\n') + 1);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    must(end != std::string_view::npos, "the last line has an end");
    samples.push_back(read_sample(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return samples;
}

std::string help_line(const std::string& help) {
  std::string line = "# HELP fuzz_total ";
  for (const char c : metrics::to_valid_utf8(help)) {
    if (c == '\\') {
      line += "\\\\";
    } else if (c == '\n') {
      line += "\\n";
    } else {
      line += c;
    }
  }
  return line + "\n";
}

MetricSnapshot made_of(Input& input) {
  MetricSnapshot metric;
  metric.type = static_cast<spec::MetricType>(input.byte() % 3);
  metric.name = "fuzz_total";
  metric.help = input.text(input.byte());
  metric.bounds = {1, 2};
  constexpr std::size_t most_series = 32;
  while (!input.at_end() && metric.series.size() < most_series) {
    const auto index = static_cast<std::uint64_t>(metric.series.size());
    SeriesSnapshot series;
    series.labels = {{"index", std::to_string(index)}, {"text", {}}};
    series.labels[1].second = input.text(input.byte());
    series.value = Int128{index};
    if (metric.type == spec::MetricType::histogram) {
      series.value = metrics::HistogramValue{{1, 0, index}, Int128{index}};
    }
    metric.series.push_back(std::move(series));
  }
  return metric;
}

void check(const MetricSnapshot& metric, unsigned targets) {
  const std::vector<MetricSnapshot> declared(targets, metric);
  const auto samples = read(expose::to_text(metrics::Snapshot{declared}), help_line(metric.help));
  const bool is_histogram = metric.type == spec::MetricType::histogram;
  const std::size_t lines_each = is_histogram ? 5 : 1;  // three buckets, sum and count
  must(samples.size() == lines_each * metric.series.size(), "every series once");
  std::vector<std::string> wanted;
  std::vector<std::string> found;
  for (const SeriesSnapshot& series : metric.series) {
    wanted.push_back(metrics::to_valid_utf8(series.labels[1].second));
  }
  for (std::size_t i = 0; i < samples.size(); i += lines_each) found.push_back(samples[i].text);
  std::ranges::sort(wanted);
  std::ranges::sort(found);
  must(wanted == found, "label values read as they were, but for what is not UTF-8");
}

}  // namespace
}  // namespace sdt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sdt;
  fuzz::Input input(data, size);
  const metrics::MetricSnapshot metric = fuzz::made_of(input);
  fuzz::check(metric, 1);
  fuzz::check(metric, 2);  // two targets with the same series: added up
  return 0;
}
