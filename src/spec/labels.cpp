#include "spec/labels.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/samples.h"
#include "spec/names.h"
#include "spec/reader.h"
#include "spec/units.h"
#include "spec/words.h"

namespace sdt::spec {
namespace {

constexpr std::array<std::string_view, 5> label_keys = {"value", "map", "regex", "replace",
                                                        "default"};
constexpr std::string_view default_replace = "$1";  // Prometheus' own

// Integers are compared as they print, so that 0x10 in a map means 16.
std::optional<std::string> as_printed(const Node& key, Report& report) {
  const bool negative = key.text.starts_with('-');
  const auto whole = parse_whole(std::string_view(key.text).substr(negative ? 1 : 0));
  if (whole) {
    const Int128 value = negative ? -*whole : *whole;
    if (value >= std::numeric_limits<std::int64_t>::min()) return to_decimal(value);
  }
  report.error(key.at, fmt::format("map: this label's value is an integer, which {} is not",
                                   in_quotes(key.text)));
  return std::nullopt;
}

void read_map_entry(const Entry& entry, bool is_integer, LabelMap& map, Report& report) {
  if (entry.key.kind != Node::Kind::scalar) {
    report.error(entry.key.at, fmt::format("map: a value to map must be a text in quotes or a "
                                           "number, not {}",
                                           kind_of(entry.key)));
    return;
  }
  const auto from = is_integer ? as_printed(entry.key, report) : std::optional(entry.key.text);
  const auto to = read_text(entry.value, "map: the text shown for a value", report);
  if (!from || !to) return;
  if (!map.values.emplace(*from, *to).second) {
    report.error(entry.key.at, fmt::format("map: {} stands twice", in_quotes(*from)));
  }
}

void read_map(const Node& node, bool is_integer, LabelMap& map, Report& report) {
  if (node.kind != Node::Kind::map || node.entries.empty()) {
    report.error(node.at,
                 "map must be a map from values to the texts shown for them, such as "
                 "{0: miss, 1: hit}");
    return;
  }
  for (const Entry& entry : node.entries) read_map_entry(entry, is_integer, map, report);
}

std::optional<Rewrite> read_rewrite(const Node& regex, const Node* replace, Report& report) {
  const auto pattern = read_text(regex, "regex", report);
  const auto text = replace == nullptr ? std::optional<std::string>(default_replace)
                                       : read_text(*replace, "replace", report);
  if (!pattern || !text) return std::nullopt;
  auto rewrite = Rewrite::compile(*pattern, *text);
  if (rewrite) return *std::move(rewrite);
  const RewriteError& error = rewrite.error();
  if (error.in == RewriteError::In::regex) {
    report.error(regex.at, fmt::format("regex: {}", error.message));
  } else if (replace != nullptr) {
    report.error(replace->at, fmt::format("replace: {}", error.message));
  } else {
    report.error(regex.at, fmt::format("without a \"replace\" it is {}, but {}", default_replace,
                                       error.message));
  }
  return std::nullopt;
}

/// `map`, or `regex` with `replace`, and `default`.
void read_texts(const MapReader& reader, bool is_integer, Label& label, Report& report) {
  const Node* values = reader.find("map");
  const Node* regex = reader.find("regex");
  const Node* replace = reader.find("replace");
  if (values != nullptr) read_map(*values, is_integer, label.map, report);
  if (regex != nullptr) label.rewrite = read_rewrite(*regex, replace, report);
  if (values != nullptr && regex != nullptr) {
    report.error(regex->at, "a label has a map or a regex, not both");
  }
  if (replace != nullptr && regex == nullptr) {
    report.error(replace->at, "replace only goes with regex");
  }
  const Node* fallback = reader.find("default");
  if (fallback == nullptr) return;
  label.map.fallback = read_text(*fallback, "default", report);
  if (values == nullptr && regex == nullptr) {
    report.error(fallback->at,
                 "default only goes with map or regex: it is for values that they leave out");
  }
}

std::optional<Expr> read_detailed(const Node& node, std::string_view key, Label& label,
                                  Report& report, const LabelSink& sink) {
  const MapReader reader(node, "a label", label_keys, report);
  const Node* value = reader.require("value");
  if (value == nullptr) return std::nullopt;
  auto expr = read_expression(*value, key, report);
  if (!expr) return std::nullopt;
  sink(*expr, *value);
  read_texts(reader, std::holds_alternative<IntExpr>(*expr), label, report);
  return expr;
}

std::optional<Label> read_label(const Entry& entry, Report& report, const LabelSink& sink) {
  Label label;
  label.name = entry.key.text;
  if (std::string wrong = label_name_error(label.name); !wrong.empty()) {
    report.error(entry.key.at, std::move(wrong));
  } else if (std::string advice = label_name_advice(label.name); !advice.empty()) {
    report.warning(entry.key.at, std::move(advice));
  }
  const std::string key = fmt::format("label {}", label.name);
  std::optional<Expr> expr;
  if (entry.value.kind == Node::Kind::map) {
    expr = read_detailed(entry.value, key, label, report, sink);
  } else {
    expr = read_expression(entry.value, key, report);
    if (expr) sink(*expr, entry.value);
  }
  if (!expr) return std::nullopt;
  label.value = *std::move(expr);
  return label;
}

struct FieldSize {
  std::size_t operator()(const IntExpr&) const { return 8; }
  std::size_t operator()(const ReadString& string) const {
    return (std::size_t{string.max_length} + 8) / 8 * 8;
  }
  std::size_t operator()(const Literal&) const { return 0; }
  std::size_t operator()(Attribute attribute) const {
    constexpr std::size_t comm_size = 16;  // TASK_COMM_LEN of the kernel
    if (attribute == Attribute::comm) return comm_size;
    return is_of_process(attribute) ? 0 : 8;
  }
};

}  // namespace

std::vector<Label> read_labels(const Node& node, Report& report, const LabelSink& sink) {
  std::vector<Label> labels;
  if (node.kind == Node::Kind::null) return labels;
  if (node.kind != Node::Kind::map) {
    report.error(
        node.at,
        fmt::format("labels must be a map from label names to expressions, not {}", kind_of(node)));
    return labels;
  }
  report_duplicates(node, "labels", report);
  for (const Entry& entry : node.entries) {
    if (auto label = read_label(entry, report, sink)) labels.push_back(*std::move(label));
  }
  if (node.entries.size() > Metric::max_labels) {
    report.error(node.at, fmt::format("{} labels, at most {} are possible", node.entries.size(),
                                      Metric::max_labels));
  }
  std::sort(labels.begin(), labels.end(),
            [](const Label& a, const Label& b) { return a.name < b.name; });
  const std::size_t size = key_size(labels);
  if (size > largest_key) {
    report.error(node.at, fmt::format("these labels take {} bytes for every series, at most {} are "
                                      "possible; shorten the longest str(x, LEN)",
                                      size, largest_key));
  }
  return labels;
}

std::size_t key_size(const std::vector<Label>& labels) {
  std::size_t size = KeyLayout::header_size;
  for (const Label& label : labels) size += std::visit(FieldSize{}, label.value);
  return size;
}

}  // namespace sdt::spec
