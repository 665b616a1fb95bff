// Label texts rewritten by a pattern.
//
// Purpose:   `regex` and `replace` of a label, as in Prometheus' relabelling: the pattern (RE2)
// must
//            match the whole text, `.` matches newlines too, and `replace` may name the pattern's
//            groups: $1, ${1}, ${name}, $0 for all of it, $$ for a dollar.
// Ownership: plain values; copies share the compiled pattern.
// Thread:    any.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace sdt::spec {

/// What is wrong, for a person, and with which of the two.
struct RewriteError {
  enum class In { regex, replace };
  In in = In::regex;
  std::string message;
};

class Rewrite {
 public:
  /// Every group that `replace` names must be one of the pattern's.
  [[nodiscard]] static tl::expected<Rewrite, RewriteError> compile(const std::string& regex,
                                                                   const std::string& replace);

  /// What the text becomes; nothing when the pattern does not match all of it.
  [[nodiscard]] std::optional<std::string> apply(std::string_view text) const;

 private:
  /// `text`, then what the group matched.
  struct Piece {
    std::string text;
    std::optional<int> group;
  };
  class TemplateReader;

  Rewrite(std::shared_ptr<const re2::RE2> pattern, std::vector<Piece> pieces);

  std::shared_ptr<const re2::RE2> pattern_;
  std::vector<Piece> pieces_;
};

}  // namespace sdt::spec
