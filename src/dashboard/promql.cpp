#include "dashboard/promql.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sdt::dashboard {
namespace {

std::string by(const std::vector<std::string>& labels) {
  return labels.empty() ? "" : fmt::format(" by ({})", fmt::join(labels, ", "));
}

std::string growth_by(const std::vector<std::string>& labels, std::string_view samples,
                      std::string_view window) {
  return fmt::format("sum{} (rate({}{}))", by(labels), samples, window);
}

}  // namespace

std::string samples(std::string_view name, std::string_view more) {
  return fmt::format(R"({}{{job=~"$job", instance=~"$instance"{}}})", name, more);
}

std::string samples_of_targets(std::string_view name) {
  return samples(name, R"(, target=~"$target")");
}

std::string rate_by(const std::vector<std::string>& labels, std::string_view samples) {
  return growth_by(labels, samples, "[$__rate_interval]");
}

std::string increase_by(const std::vector<std::string>& labels, std::string_view samples) {
  return fmt::format("sum{} (increase({}[$__rate_interval]))", by(labels), samples);
}

std::string quantile_by(double quantile, const std::vector<std::string>& labels,
                        std::string_view bucket_samples) {
  std::vector<std::string> kept = {"le"};
  kept.insert(kept.end(), labels.begin(), labels.end());
  return fmt::format("histogram_quantile({}, {})", quantile, rate_by(kept, bucket_samples));
}

std::string busiest(std::string_view query, const std::vector<std::string>& labels,
                    std::string_view counter_samples) {
  return fmt::format("{} and topk({}, {})", query, most_lines,
                     growth_by(labels, counter_samples, "[$__range] @ end()"));
}

std::string highest(std::string_view gauge_samples) {
  return fmt::format("{0} and topk({1}, max_over_time({0}[$__range] @ end()))", gauge_samples,
                     most_lines);
}

std::string legend_of(const std::vector<std::string>& labels) {
  if (labels.size() == 1) return fmt::format("{{{{{}}}}}", labels.front());
  std::string legend;
  for (const std::string& label : labels)
    legend += fmt::format("{}{}={{{{{}}}}}", legend.empty() ? "" : " ", label, label);
  return legend;
}

}  // namespace sdt::dashboard
