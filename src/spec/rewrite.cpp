#include "spec/rewrite.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "spec/words.h"

namespace sdt::spec {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

/// Reads `replace` piece by piece.
class Rewrite::TemplateReader {
 public:
  TemplateReader(const re2::RE2& pattern, std::string_view text) : pattern_(pattern), rest_(text) {}

  tl::expected<std::vector<Piece>, std::string> read() {
    Piece piece;
    while (!rest_.empty()) {
      const char c = take();
      if (c == '\\' && !rest_.empty() && is_digit(rest_.front())) {
        return tl::unexpected(
            fmt::format("groups are written ${0}, not \\{0}", std::string(1, rest_.front())));
      }
      if (c != '$') {
        piece.text += c;
      } else if (rest_.starts_with('$')) {
        piece.text += take();
      } else {
        auto group = read_group();
        if (!group) return tl::unexpected(std::move(group).error());
        piece.group = *group;
        pieces_.push_back(std::exchange(piece, {}));
      }
    }
    if (!piece.text.empty()) pieces_.push_back(std::move(piece));
    return std::move(pieces_);
  }

 private:
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  /// As in Go's templates, a name without braces is as long as it can be: $1x is the group "1x".
  tl::expected<int, std::string> read_group() {
    const bool in_braces = rest_.starts_with('{');
    if (in_braces) take();
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_name_char);
    const auto name = std::string(rest_.begin(), end);
    rest_.remove_prefix(name.size());
    if (name.empty() || (in_braces && !rest_.starts_with('}'))) {
      return tl::unexpected<std::string>(
          "a $ begins a group, such as $1 or ${1}; write $$ for a dollar");
    }
    if (in_braces) take();
    if (const auto group = find(name)) return *group;
    const int groups = pattern_.NumberOfCapturingGroups();
    const auto digits = std::find_if_not(name.begin(), name.end(), is_digit);
    if (!in_braces && digits != name.begin() && digits != name.end()) {
      return tl::unexpected(fmt::format("${} reads as the group {}; write ${{{}}}{}", name,
                                        in_quotes(name), std::string(name.begin(), digits),
                                        std::string(digits, name.end())));
    }
    return tl::unexpected(fmt::format("the regex has no group {} (it has {})", in_quotes(name),
                                      groups == 0 ? "none" : std::to_string(groups)));
  }

  [[nodiscard]] std::optional<int> find(const std::string& name) const {
    int number = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, problem] = std::from_chars(name.data(), end, number);
    if (problem == std::errc() && stop == end) {
      return number <= pattern_.NumberOfCapturingGroups() ? std::optional(number) : std::nullopt;
    }
    const auto& names = pattern_.NamedCapturingGroups();
    const auto named = names.find(name);
    return named == names.end() ? std::nullopt : std::optional(named->second);
  }

  const re2::RE2& pattern_;
  std::string_view rest_;
  std::vector<Piece> pieces_;
};

Rewrite::Rewrite(std::shared_ptr<const re2::RE2> pattern, std::vector<Piece> pieces)
    : pattern_(std::move(pattern)), pieces_(std::move(pieces)) {}

tl::expected<Rewrite, RewriteError> Rewrite::compile(const std::string& regex,
                                                     const std::string& replace) {
  using In = RewriteError::In;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  auto pattern = std::make_shared<const re2::RE2>(regex, options);
  if (!pattern->ok()) {
    return tl::unexpected(
        RewriteError{In::regex, fmt::format("{} is not a regular expression (RE2 syntax): {}",
                                            in_quotes(regex), pattern->error())});
  }
  auto pieces = TemplateReader(*pattern, replace).read();
  if (!pieces) return tl::unexpected(RewriteError{In::replace, std::move(pieces).error()});
  return Rewrite(std::move(pattern), *std::move(pieces));
}

std::optional<std::string> Rewrite::apply(std::string_view text) const {
  std::vector<re2::StringPiece> groups(
      static_cast<std::size_t>(pattern_->NumberOfCapturingGroups()) + 1);
  if (!pattern_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                       re2::RE2::ANCHOR_BOTH, groups.data(), static_cast<int>(groups.size()))) {
    return std::nullopt;
  }
  std::string result;
  for (const Piece& piece : pieces_) {
    result += piece.text;
    if (!piece.group) continue;
    const re2::StringPiece& matched = groups[static_cast<std::size_t>(*piece.group)];
    result.append(matched.data() == nullptr ? "" : matched.data(), matched.size());
  }
  return result;
}

}  // namespace sdt::spec
