// Lines whose columns stand below each other.
//
// Purpose:   tables for people, with lines of another kind in between that the columns do not mind.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cli/style.h"

namespace sdt::cli {

struct Cell {
  std::string text;  ///< fit for a terminal: see printable()
  Paint paint = Paint::plain;
};

enum class Align : std::uint8_t { left, right };

class Table {
 public:
  /// Every row begins with `indent` blanks; `gap` blanks or more stand between columns.
  Table(std::vector<Align> columns, std::size_t indent, std::size_t gap = 1)
      : columns_(std::move(columns)), indent_(indent), gap_(gap), widths_(columns_.size()) {}

  /// Cells that are left out at the end are empty.
  void row(std::vector<Cell> cells);
  /// As it is.
  void line(std::string text) { entries_.emplace_back(std::move(text)); }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// The n-th row or line, without its end. Columns are as wide as all rows so far want them.
  void append(std::size_t n, std::string& text, const Style& style) const;
  [[nodiscard]] std::vector<std::string> lines(const Style& style) const;

 private:
  using Row = std::vector<Cell>;

  std::vector<Align> columns_;
  std::size_t indent_;
  std::size_t gap_;
  std::vector<std::size_t> widths_;
  std::vector<std::variant<Row, std::string>> entries_;
};

}  // namespace sdt::cli
