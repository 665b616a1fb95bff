// The mistakes of one file.
//
// Purpose:   let every reader say what is wrong where, and go on.
// Ownership: owns the diagnostics until they are taken.
// Thread:    any, one at a time.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "spec/load.h"

namespace sdt::spec {

/// Line and column, 1-based; columns count bytes.
struct Place {
  int line = 0;
  int column = 0;
};

class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  void error(Place at, std::string message) { add(Severity::error, at, std::move(message)); }
  void warning(Place at, std::string message) { add(Severity::warning, at, std::move(message)); }

  [[nodiscard]] const std::string& file() const { return file_; }
  /// So many errors so far: a part that added none is complete.
  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] std::vector<Diagnostic> take() { return std::move(diagnostics_); }

 private:
  void add(Severity severity, Place at, std::string message) {
    if (severity == Severity::error) ++errors_;
    diagnostics_.push_back({severity, file_, at.line, at.column, std::move(message)});
  }

  std::string file_;
  std::size_t errors_ = 0;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace sdt::spec
