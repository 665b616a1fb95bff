#include "expose/html.h"

#include <array>

#include <fmt/format.h>

#include "expose/page_style.h"
#include "metrics/utf8.h"

namespace sdt::expose {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// Its length, where the text begins with a character that turns the direction of writing (U+061C,
/// U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), else 0.
std::size_t direction_mark(std::string_view text) {
  static constexpr std::array<std::string_view, 12> marks{"\u061C", "\u200E", "\u200F", "\u202A",
                                                          "\u202B", "\u202C", "\u202D", "\u202E",
                                                          "\u2066", "\u2067", "\u2068", "\u2069"};
  for (const std::string_view mark : marks) {
    if (text.starts_with(mark)) return mark.size();
  }
  return 0;
}

bool is_control(char c) {
  return (c >= '\0' && c < ' ') || c == '\x7F';
}

constexpr std::string_view document = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
{refresh}<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header class="top">
<span class="brand">sdt_exporter</span>
<nav aria-label="Pages">
{links}</nav>
<span class="version">version {version}</span>
</header>
<main>
{body}</main>
</body>
</html>
)";

std::string link(std::string_view path, std::string_view text, const Page& page) {
  return fmt::format("<a href=\"{}\"{}>{}</a>\n", escaped(path),
                     path == page.path ? " aria-current=\"page\"" : "", text);
}

}  // namespace

std::string escaped(std::string_view text) {
  const std::string valid = metrics::to_valid_utf8(text);
  std::string out;
  out.reserve(valid.size());
  for (std::string_view rest = valid; !rest.empty();) {
    if (const std::size_t length = direction_mark(rest); length > 0) {
      out += replacement;
      rest.remove_prefix(length);
      continue;
    }
    const char c = rest.front();
    rest.remove_prefix(1);
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (is_control(c)) {
          out += replacement;
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string to_html(const Page& page) {
  const std::string links = link("/", "Overview", page) + link("/targets", "Targets", page) +
                            link("/api/v1/targets", "JSON", page) +
                            link(page.telemetry_path, "Metrics", page);
  const std::string refresh =
      page.refresh_seconds == 0
          ? ""
          : fmt::format("<meta http-equiv=\"refresh\" content=\"{}\">\n", page.refresh_seconds);
  return fmt::format(document, fmt::arg("refresh", refresh), fmt::arg("title", escaped(page.title)),
                     fmt::arg("style", page_style), fmt::arg("links", links),
                     fmt::arg("version", escaped(page.version)), fmt::arg("body", page.body));
}

}  // namespace sdt::expose
