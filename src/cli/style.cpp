#include "cli/style.h"

#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>

namespace sdt::cli {
namespace {

/// The parameter of "Select Graphic Rendition" (ECMA-48).
std::string_view rendition(Paint paint) {
  switch (paint) {
    case Paint::plain:
      return "0";
    case Paint::bold:
      return "1";
    case Paint::dim:
      return "2";
    case Paint::red:
      return "31";
    case Paint::green:
      return "32";
    case Paint::yellow:
      return "33";
    case Paint::cyan:
      return "36";
  }
  return "0";
}

std::string_view from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

/// The first of these that is set decides (locale(7)).
bool is_locale_unicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = from_environment(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != std::string_view::npos ||
           value.find("utf8") != std::string_view::npos;
  }
  return false;
}

}  // namespace

std::string Style::paint(std::string_view text, Paint paint) const {
  if (!colours || paint == Paint::plain || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", rendition(paint), text);
}

Style style_of(int fd) {
  const bool is_bare = from_environment("TERM") == "dumb" || !from_environment("NO_COLOR").empty();
  return {.colours = !is_bare && isatty(fd) == 1, .unicode = is_locale_unicode()};
}

}  // namespace sdt::cli
