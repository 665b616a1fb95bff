// Shell globs, as fnmatch(3) understands them: `*`, `?`, `[...]`, `\`.
//
// Purpose:   match process names, paths and probe names of the spec.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <string>
#include <utility>

namespace sdt {

class Glob {
 public:
  Glob() = default;
  explicit Glob(std::string pattern) : pattern_(std::move(pattern)) {}

  /// Whole-string match; `*` crosses every character.
  [[nodiscard]] bool matches(const std::string& text) const;

  /// Match of a path: `*` and `?` stop at a slash. A pattern without a slash is held against the
  /// last component.
  [[nodiscard]] bool matches_path(const std::string& path) const;

  [[nodiscard]] const std::string& text() const { return pattern_; }
  /// True when the pattern has no wildcard, so that it can match one text only.
  [[nodiscard]] bool is_literal() const;

  friend bool operator==(const Glob&, const Glob&) = default;

 private:
  std::string pattern_;
};

}  // namespace sdt
