// What the HTML pages have in common.
//
// Purpose:   the frame around every page, and the one way in which text gets into one.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>
#include <string_view>

namespace sdt::expose {

/// Text for an element or a quoted attribute. What is not UTF-8 becomes U+FFFD, and so does what
/// steers a terminal, a browser or the direction of writing: names of processes, files and labels
/// are chosen by others.
[[nodiscard]] std::string escaped(std::string_view text);

struct Page {
  std::string_view title;
  std::string_view path;            ///< of this page, which the navigation marks
  std::string_view telemetry_path;  ///< where the navigation finds the metrics
  std::string_view version;
  unsigned refresh_seconds = 0;  ///< how often the browser is to ask again; 0: never
  std::string body;              ///< HTML; everything in it is escaped
};

/// A whole document without scripts and without anything loaded from elsewhere, light or dark as
/// the browser is.
[[nodiscard]] std::string to_html(const Page& page);

inline constexpr const char* html_content_type = "text/html; charset=utf-8";

}  // namespace sdt::expose
