// How far a long look has come.
//
// Purpose:   a line on standard error that is written over and over, while many processes are
//            looked at; nothing at all where standard error is no terminal.
// Ownership: the line is gone once the object is.
// Thread:    one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace sdt::cli {

class Progress {
 public:
  /// `what` is looked at: "processes".
  explicit Progress(std::string what);
  Progress(std::string what, bool is_terminal);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  /// So many are done. Seen only when it takes longer than a moment.
  void at(std::size_t done, std::size_t of);
  [[nodiscard]] bool is_shown() const { return is_shown_; }
  /// Before anything else is written to the terminal.
  void clear();

 private:
  std::string what_;
  bool is_on_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace sdt::cli
