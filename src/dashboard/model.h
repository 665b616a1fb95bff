// A dashboard, before it is Grafana's JSON.
//
// Purpose:   what is shown, and nothing of how Grafana writes it down.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sdt::dashboard {

enum class PanelKind : std::uint8_t {
  timeseries,
  heatmap,  ///< its one query yields buckets by `le`
  stat,     ///< the latest value, large
};

struct Query {
  std::string expr;         ///< PromQL, with Grafana's variables
  std::string legend = {};  ///< how a series is called; `{{label}}` stands for a label's value
};

/// A stat's colour from a value on.
struct Threshold {
  double from = 0;
  std::string color;
};

struct Panel {
  PanelKind kind = PanelKind::timeseries;
  std::string title;
  std::string description = {};
  std::string unit = {};  ///< Grafana's word for it
  std::vector<Query> queries = {};
  int width = 8;  ///< of 24 columns; a line that is not full is stretched
  bool new_line = false;
  std::vector<Threshold> thresholds = {};
};

struct Row {
  std::string title;
  std::vector<Panel> panels = {};
};

struct Dashboard {
  std::string uid;  ///< at most 40 of [a-zA-Z0-9_-]
  std::string title;
  std::string description = {};
  std::vector<std::string> targets = {};  ///< that $target offers; empty: all that are scraped
  std::vector<Row> rows = {};
};

}  // namespace sdt::dashboard
