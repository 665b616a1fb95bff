// Short ways to load a text and look at what came of it.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "spec/load.h"

namespace sdt::spec {

/// Loads one file called "test.yaml".
inline LoadResult load_text(const std::string& text) {
  const std::vector<SourceText> sources = {{"test.yaml", text}};
  return load(sources);
}

inline std::vector<std::string> messages(const LoadResult& result) {
  std::vector<std::string> found;
  for (const Diagnostic& diagnostic : result.diagnostics) found.push_back(diagnostic.text());
  return found;
}

/// A file with one target whose metrics are the given ones; every metric is a text of lines. The
/// first line of the first metric is line 5, and its keys start at column 9.
inline std::string file_with(const std::vector<std::string>& metrics) {
  std::string text =
      "targets:\n"
      "  - name: app\n"
      "    processes: [{exe: /bin/app}]\n"
      "    metrics:\n";
  for (const std::string& metric : metrics) {
    std::string indent = "      - ";
    for (std::size_t start = 0; start < metric.size();) {
      const std::size_t end = metric.find('\n', start);
      text += indent + metric.substr(start, end - start) + "\n";
      indent = "        ";
      start = end == std::string::npos ? metric.size() : end + 1;
    }
  }
  return text;
}

/// A file with one metric: a help text on line 5, the given lines from line 6 on.
inline LoadResult load_metric(const std::string& lines) {
  return load_text(file_with({"help: Text.\n" + lines}));
}

/// The only metric of a file that must load without any diagnostic.
inline Metric metric_of(const std::string& lines) {
  LoadResult result = load_metric(lines);
  EXPECT_THAT(messages(result), testing::IsEmpty()) << lines;
  if (result.config.targets.empty() || result.config.targets[0].metrics.empty()) return {};
  return result.config.targets[0].metrics[0];
}

/// What is said about a metric, without the places.
inline std::vector<std::string> complaints(const std::string& lines) {
  std::vector<std::string> found;
  for (const Diagnostic& diagnostic : load_metric(lines).diagnostics) {
    found.push_back((diagnostic.severity == Severity::warning ? "warning: " : "") +
                    diagnostic.message);
  }
  return found;
}

}  // namespace sdt::spec
