// `/api/v1/targets`.
//
// Purpose:   what the page `/targets` shows, for programs. docs/api.md says what every field means;
//            their names stay.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>

#include "expose/targets_view.h"

namespace sdt::expose {

/// One JSON object and a newline. Integers are exact; text that is not UTF-8 is as on the pages.
[[nodiscard]] std::string targets_json(const TargetsView& view);

inline constexpr const char* json_content_type = "application/json; charset=utf-8";

}  // namespace sdt::expose
