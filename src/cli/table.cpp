#include "cli/table.h"

#include <algorithm>

#include "cli/printable.h"

namespace sdt::cli {

void Table::row(std::vector<Cell> cells) {
  cells.resize(std::min(cells.size(), columns_.size()));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    widths_[i] = std::max(widths_[i], columns(cells[i].text));
  }
  entries_.emplace_back(std::move(cells));
}

/// Without blanks at its end.
void Table::append(std::size_t n, std::string& text, const Style& style) const {
  const Row* row = std::get_if<Row>(&entries_[n]);
  if (row == nullptr) {
    text += std::get<std::string>(entries_[n]);
    return;
  }
  std::size_t blanks = indent_;
  for (std::size_t i = 0; i < row->size(); ++i) {
    const auto& [cell, paint] = (*row)[i];
    const std::size_t missing = widths_[i] - columns(cell);
    if (columns_[i] == Align::right) blanks += missing;
    if (!cell.empty()) {
      text.append(blanks, ' ');
      text += style.paint(cell, paint);
      blanks = 0;
    }
    // An empty cell takes its place like any other.
    blanks += gap_ + (columns_[i] == Align::left ? missing : 0);
  }
}

std::vector<std::string> Table::lines(const Style& style) const {
  std::vector<std::string> lines(size());
  for (std::size_t n = 0; n < size(); ++n) append(n, lines[n], style);
  return lines;
}

}  // namespace sdt::cli
