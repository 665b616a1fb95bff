// The labels of a metric.
//
// Purpose:   name → expression with its value map; the rules for label names.
// Ownership: plain values.
// Thread:    any, one at a time.
#pragma once

#include <functional>
#include <vector>

#include "spec/config.h"
#include "spec/report.h"
#include "spec/yaml.h"

namespace sdt::spec {

/// Called for every label expression with where it stands, so that the metric can check what it
/// reads.
using LabelSink = std::function<void(const Expr&, const Node&)>;

/// The labels, sorted by name.
[[nodiscard]] std::vector<Label> read_labels(const Node& node, Report& report,
                                             const LabelSink& sink);

/// Bytes that the labels take in a map's key, its header included; see KeyLayout.
[[nodiscard]] std::size_t key_size(const std::vector<Label>& labels);
inline constexpr std::size_t largest_key = 1024;

}  // namespace sdt::spec
