// What must hold of every mistake that is reported, whatever file it is in.
//
// Purpose:   shared by the targets that read YAML.
// Ownership: none.
// Thread:    any; pure.
#pragma once

#include <string_view>

#include "fuzz.h"
#include "spec/load.h"

namespace sdt::fuzz {

/// Whether the place is a byte of the file or the end of one of its lines.
inline bool is_inside(const spec::Diagnostic& diagnostic, std::string_view text) {
  if (diagnostic.line < 1 || diagnostic.column < 1) return false;
  for (int line = 1; line < diagnostic.line; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  const std::string_view line = text.substr(0, text.find('\n'));
  return static_cast<std::size_t>(diagnostic.column) <= line.size() + 1;
}

inline void check_diagnostic(const spec::Diagnostic& diagnostic, std::string_view text) {
  must(!diagnostic.message.empty(), "a diagnostic says what is wrong");
  must(is_inside(diagnostic, text), "a diagnostic points into the file");
}

}  // namespace sdt::fuzz
