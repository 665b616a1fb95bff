// What Prometheus thinks of names.
//
// Purpose:   hard rules of the data model, and the style guide's advice as warnings
//            (https://prometheus.io/docs/practices/naming/).
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/config.h"

namespace sdt::spec {

/// What forbids this metric or label name; empty when it is fine.
[[nodiscard]] std::string metric_name_error(std::string_view name);
[[nodiscard]] std::string label_name_error(std::string_view name);

/// What a style guide would say. `is_seconds`: the exported value is a time in seconds.
[[nodiscard]] std::vector<std::string> metric_name_advice(std::string_view name, MetricType type,
                                                          bool is_seconds);
[[nodiscard]] std::string label_name_advice(std::string_view name);

/// [a-zA-Z_][a-zA-Z0-9_]*: target and label names.
[[nodiscard]] bool is_identifier(std::string_view name);

}  // namespace sdt::spec
