#include "spec/reader.h"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "spec/units.h"
#include "spec/words.h"

namespace sdt::spec {
namespace {

bool contains(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Reports what the node is instead of a scalar.
bool is_scalar(const Node& node, std::string_view key, std::string_view wanted, Report& report) {
  if (node.kind == Node::Kind::scalar) return true;
  report.error(node.at, fmt::format("{} must be {}, not {}", key, wanted, kind_of(node)));
  return false;
}

void report_warnings(const Node& node, const ExpressionWarnings& warnings, std::string_view key,
                     Report& report) {
  for (const ExpressionWarning& warning : warnings) {
    report.warning(node.within(warning.position), fmt::format("{}: {}", key, warning.message));
  }
}

template <class T>
std::optional<T> read_parsed(const Node& node, std::string_view key, Report& report,
                             Parsed<T> (*parse)(std::string_view, ExpressionWarnings*)) {
  if (!is_scalar(node, key, "an expression", report)) return std::nullopt;
  ExpressionWarnings warnings;
  Parsed<T> parsed = parse(node.text, &warnings);
  report_warnings(node, warnings, key, report);
  if (parsed) return *std::move(parsed);
  report.error(node.within(parsed.error().position),
               fmt::format("{}: {}", key, parsed.error().message));
  return std::nullopt;
}

}  // namespace

std::string_view kind_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "";
}

MapReader::MapReader(const Node& node, std::string_view what,
                     std::span<const std::string_view> keys, Report& report,
                     std::span<const std::string_view> later)
    : node_(node), what_(what), report_(report) {
  if (node.kind != Node::Kind::map) {
    valid_ = false;
    report.error(node.at, fmt::format("{} must be a map with the keys {}, not {}", what, join(keys),
                                      kind_of(node)));
    return;
  }
  for (const Entry& entry : node.entries) check(entry, keys, later);
  report_duplicates(node, what, report);
}

void MapReader::check(const Entry& entry, std::span<const std::string_view> keys,
                      std::span<const std::string_view> later) {
  const std::string& key = entry.key.text;
  if (contains(keys, key)) return;
  if (contains(later, key)) {
    report_.error(entry.key.at, fmt::format("\"{}\" in {} is not built yet (allowed: {})", key,
                                            what_, join(keys)));
    return;
  }
  if (key == "<<") {
    report_.error(entry.key.at, "YAML's merge key << is not supported; write the keys out");
    return;
  }
  report_.error(entry.key.at, fmt::format("unknown key {} in {}{} (allowed: {})", in_quotes(key),
                                          what_, did_you_mean(key, keys), join(keys)));
}

const Node* MapReader::find(std::string_view key) const {
  for (const Entry& entry : node_.entries) {
    if (entry.key.kind == Node::Kind::scalar && entry.key.text == key) return &entry.value;
  }
  return nullptr;
}

const Node* MapReader::require(std::string_view key) const {
  const Node* found = find(key);
  if (found == nullptr && valid_) {
    report_.error(node_.at, fmt::format("{} needs a \"{}\"", what_, key));
  }
  return found;
}

void report_duplicates(const Node& map, std::string_view what, Report& report) {
  std::map<std::string_view, int> first_line;
  for (const Entry& entry : map.entries) {
    const auto [known, is_new] = first_line.emplace(entry.key.text, entry.key.at.line);
    if (is_new || entry.key.kind != Node::Kind::scalar) continue;
    report.error(entry.key.at, fmt::format("duplicate key {} in {}, first on line {}",
                                           in_quotes(entry.key.text), what, known->second));
  }
}

std::optional<std::string> read_text(const Node& node, std::string_view key, Report& report) {
  if (!is_scalar(node, key, "a text", report)) return std::nullopt;
  return node.text;
}

std::optional<std::string> read_name(const Node& node, std::string_view key, Report& report) {
  auto text = read_text(node, key, report);
  if (text && text->empty()) {
    report.error(node.at, fmt::format("{} is empty", key));
    return std::nullopt;
  }
  return text;
}

std::optional<std::int64_t> read_count(const Node& node, std::string_view key,
                                       std::int64_t smallest, std::int64_t largest,
                                       Report& report) {
  const std::string range = fmt::format("a whole number from {} to {}", smallest, largest);
  if (!is_scalar(node, key, range, report)) return std::nullopt;
  const std::int64_t count = parse_count(node.text, largest);
  if (count >= smallest && count >= 0) return count;
  report.error(node.at, fmt::format("{} must be {}, not {}", key, range, in_quotes(node.text)));
  return std::nullopt;
}

std::optional<std::chrono::nanoseconds> read_duration(const Node& node, std::string_view key,
                                                      Report& report) {
  if (!is_scalar(node, key, "a duration such as 5s", report)) return std::nullopt;
  const auto duration = parse_duration(node.text);
  if (duration) return *duration;
  report.error(node.at, fmt::format("{}: {}", key, duration.error()));
  return std::nullopt;
}

std::optional<long double> read_quantity(const Node& node, std::string_view key, Report& report) {
  if (!is_scalar(node, key, "a number", report)) return std::nullopt;
  const auto quantity = parse_quantity(node.text);
  if (quantity) return *quantity;
  report.error(node.at, fmt::format("{}: {}", key, quantity.error()));
  return std::nullopt;
}

std::optional<std::size_t> read_choice(const Node& node, std::string_view key,
                                       std::span<const std::string_view> words, Report& report) {
  if (!is_scalar(node, key, fmt::format("one of {}", join(words)), report)) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), node.text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  report.error(node.at, fmt::format("{} must be one of {}, not {}{}", key, join(words),
                                    in_quotes(node.text), did_you_mean(node.text, words)));
  return std::nullopt;
}

std::optional<Expr> read_expression(const Node& node, std::string_view key, Report& report) {
  return read_parsed<Expr>(node, key, report, parse_expression);
}

std::optional<IntExpr> read_integer(const Node& node, std::string_view key, Report& report) {
  return read_parsed<IntExpr>(node, key, report, parse_integer);
}

std::optional<std::vector<Condition>> read_conditions(const Node& node, std::string_view key,
                                                      Report& report) {
  return read_parsed<std::vector<Condition>>(node, key, report, parse_conditions);
}

}  // namespace sdt::spec
