#include "spec/budget.h"

#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "spec/reader.h"
#include "spec/units.h"
#include "spec/words.h"

namespace sdt::spec {
namespace {

constexpr std::array<std::string_view, 3> budget_keys = {"hits_per_second", "cpu", "retry_after"};
constexpr std::string_view no_limit = "unlimited";
constexpr std::int64_t most_hits = 1'000'000'000'000;
constexpr std::chrono::nanoseconds shortest_pause = std::chrono::seconds(1);
constexpr std::chrono::nanoseconds longest_pause = std::chrono::hours(1);

bool is_unlimited(const Node& node) {
  return node.kind == Node::Kind::scalar && node.text == no_limit;
}

void complain(const Node& node, std::string_view key, std::string_view wanted, Report& report) {
  const bool is_scalar = node.kind == Node::Kind::scalar;
  report.error(node.at, fmt::format("{} must be {}, not {}", key, wanted,
                                    is_scalar ? in_quotes(node.text) : std::string(kind_of(node))));
}

std::optional<std::optional<std::uint64_t>> read_hits(const Node& node, Report& report) {
  if (is_unlimited(node)) return std::optional<std::uint64_t>();
  const bool is_scalar = node.kind == Node::Kind::scalar;
  const std::int64_t count = is_scalar ? parse_count(node.text, most_hits) : -1;
  if (count >= 1) return std::optional(static_cast<std::uint64_t>(count));
  complain(node, "hits_per_second",
           fmt::format("a whole number from 1 to {}, or {}", most_hits, no_limit), report);
  return std::nullopt;
}

/// "2.5%" as 0.025.
std::optional<std::optional<double>> read_share(const Node& node, Report& report) {
  if (is_unlimited(node)) return std::optional<double>();
  const std::string number = node.text.substr(0, node.text.find('%'));
  const bool is_percentage = node.kind == Node::Kind::scalar && node.text == number + "%" &&
                             number.find_first_not_of("0123456789.") == std::string::npos;
  if (is_percentage) {
    const auto percent = parse_quantity(number);
    if (percent && *percent > 0 && *percent <= 100) {
      return std::optional(nearest_double(*percent / 100));
    }
  }
  complain(node, "cpu",
           fmt::format("a percentage of the machine's CPU time, above 0% and up to 100%, such as "
                       "2%, or {}",
                       no_limit),
           report);
  return std::nullopt;
}

std::optional<std::chrono::nanoseconds> read_pause(const Node& node, Report& report) {
  const auto pause = read_duration(node, "retry_after", report);
  if (!pause || (*pause >= shortest_pause && *pause <= longest_pause)) return pause;
  report.error(node.at, fmt::format("retry_after must be between 1s and 1h, not {}", node.text));
  return std::nullopt;
}

}  // namespace

Budget BudgetDraft::over(Budget others) const {
  others.hits_per_second = hits_per_second.value_or(others.hits_per_second);
  others.cpu = cpu.value_or(others.cpu);
  others.retry_after = retry_after.value_or(others.retry_after);
  return others;
}

BudgetDraft read_budget(const Node& node, Report& report) {
  BudgetDraft draft;
  const MapReader map(node, "a budget", budget_keys, report);
  if (const Node* hits = map.find("hits_per_second")) {
    draft.hits_per_second = read_hits(*hits, report);
  }
  if (const Node* cpu = map.find("cpu")) draft.cpu = read_share(*cpu, report);
  if (const Node* pause = map.find("retry_after")) draft.retry_after = read_pause(*pause, report);
  return draft;
}

}  // namespace sdt::spec
