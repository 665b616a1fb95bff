// Reading typed values out of YAML nodes.
//
// Purpose:   one place for "this key must be a map / a number / one of …": each function returns
//            the value, or reports what would have been right and returns nothing.
// Ownership: nodes and the report are the caller's.
// Thread:    any, one at a time.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "spec/expression.h"
#include "spec/report.h"
#include "spec/yaml.h"

namespace sdt::spec {

/// A map with a known set of keys. Unknown and duplicate keys are reported at construction.
class MapReader {
 public:
  /// `what` names the map in messages ("a metric"). `later` are keys that are refused with "not
  /// built yet".
  MapReader(const Node& node, std::string_view what, std::span<const std::string_view> keys,
            Report& report, std::span<const std::string_view> later = {});

  /// False when the node is no map; every key is then absent.
  [[nodiscard]] bool valid() const { return valid_; }
  /// The value of a key; its first, should it be there twice. A value left out is a null node.
  [[nodiscard]] const Node* find(std::string_view key) const;
  /// The same, and an error when it is not there.
  [[nodiscard]] const Node* require(std::string_view key) const;
  [[nodiscard]] Place at() const { return node_.at; }

 private:
  void check(const Entry& entry, std::span<const std::string_view> keys,
             std::span<const std::string_view> later);

  const Node& node_;
  std::string_view what_;
  Report& report_;
  bool valid_ = true;
};

/// "a text", "a list" …, for messages.
[[nodiscard]] std::string_view kind_of(const Node& node);

/// Reports keys that stand twice in a map whose keys are the user's own.
void report_duplicates(const Node& map, std::string_view what, Report& report);

/// `key` names the value in messages.
[[nodiscard]] std::optional<std::string> read_text(const Node& node, std::string_view key,
                                                   Report& report);
/// A text of at least one character.
[[nodiscard]] std::optional<std::string> read_name(const Node& node, std::string_view key,
                                                   Report& report);
/// A whole number within [smallest, largest].
[[nodiscard]] std::optional<std::int64_t> read_count(const Node& node, std::string_view key,
                                                     std::int64_t smallest, std::int64_t largest,
                                                     Report& report);
[[nodiscard]] std::optional<std::chrono::nanoseconds> read_duration(const Node& node,
                                                                    std::string_view key,
                                                                    Report& report);
/// A finite number in exported units; see parse_quantity.
[[nodiscard]] std::optional<long double> read_quantity(const Node& node, std::string_view key,
                                                       Report& report);
/// The index of the text among the words.
[[nodiscard]] std::optional<std::size_t> read_choice(const Node& node, std::string_view key,
                                                     std::span<const std::string_view> words,
                                                     Report& report);

[[nodiscard]] std::optional<Expr> read_expression(const Node& node, std::string_view key,
                                                  Report& report);
[[nodiscard]] std::optional<IntExpr> read_integer(const Node& node, std::string_view key,
                                                  Report& report);
[[nodiscard]] std::optional<std::vector<Condition>> read_conditions(const Node& node,
                                                                    std::string_view key,
                                                                    Report& report);

}  // namespace sdt::spec
