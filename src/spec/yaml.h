// YAML text as a tree of plain values.
//
// Purpose:   keep yaml-cpp in one file, and keep what diagnostics need: positions, duplicate keys,
//            whether a text was quoted.
// Ownership: a node owns its children; an alias is a copy of what it stands for.
// Thread:    any; pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "spec/report.h"

namespace sdt::spec {

struct Entry;

struct Node {
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  Place at;
  std::string text;     ///< of a scalar
  bool quoted = false;  ///< "1" rather than 1; block scalars too
  std::optional<Place>
      start;                ///< where the text's first byte stands, when the file has it verbatim
  std::vector<Node> items;  ///< of a sequence
  std::vector<Entry> entries;  ///< of a map, in the file's order, duplicates included

  /// The place of one byte of the text; of the whole node where quoting or folding hides it.
  [[nodiscard]] Place within(std::size_t byte) const;
};

struct Entry {
  Node key;
  Node value;
};

/// The node's content as one text: equal texts mean the same. Layout, comments and the order of a
/// map's keys do not show.
[[nodiscard]] std::string canonical(const Node& node);

/// The file's one document; a null node for an empty file; nothing after a syntax error.
[[nodiscard]] std::optional<Node> parse_yaml(const std::string& text, Report& report);

}  // namespace sdt::spec
