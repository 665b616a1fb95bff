// The page at `/`.
//
// Purpose:   tell whoever opens the port in a browser what answers there and where the metrics are.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>
#include <string_view>

namespace sdt::expose {

/// HTML without scripts and without anything loaded from elsewhere; light or dark as the browser
/// is.
[[nodiscard]] std::string landing_page(std::string_view version, std::string_view telemetry_path);

inline constexpr const char* html_content_type = "text/html; charset=utf-8";

}  // namespace sdt::expose
