// Queries of Prometheus, as the panels need them.
//
// Purpose:   the few forms of PromQL that all dashboards are made of, with Grafana's variables
//            ($job, $instance, $target, $__rate_interval, $__range) in them. Names of metrics and
//            labels need no escaping: spec/ has checked them.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sdt::dashboard {

/// A panel draws at most so many label sets.
inline constexpr int most_lines = 20;

/// The samples of a name in the exporters that the reader chose. `more` matchers begin with a
/// comma.
[[nodiscard]] std::string samples(std::string_view name, std::string_view more = "");

/// The same of a metric of the exporter about itself, in the targets that the reader chose.
[[nodiscard]] std::string samples_of_targets(std::string_view name);

/// Growth in a second, added up by labels; without labels to one number.
[[nodiscard]] std::string rate_by(const std::vector<std::string>& labels, std::string_view samples);

/// The same for what is rare: how often it happened between two points of the graph.
[[nodiscard]] std::string increase_by(const std::vector<std::string>& labels,
                                      std::string_view samples);

/// A quantile out of buckets, a number for each set of `labels`.
[[nodiscard]] std::string quantile_by(double quantile, const std::vector<std::string>& labels,
                                      std::string_view bucket_samples);

/// What of `query` belongs to the label sets whose counter grew most in the whole time shown: the
/// same lines from the left edge to the right, where a plain topk() would choose anew at every
/// point.
[[nodiscard]] std::string busiest(std::string_view query, const std::vector<std::string>& labels,
                                  std::string_view counter_samples);

/// The same for gauges: the series with the highest peaks.
[[nodiscard]] std::string highest(std::string_view gauge_samples);

/// "{{a}}" for one label, "a={{a}} b={{b}}" for more.
[[nodiscard]] std::string legend_of(const std::vector<std::string>& labels);

}  // namespace sdt::dashboard
