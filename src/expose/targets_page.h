// The pages `/` and `/targets`.
//
// Purpose:   what the targets are and do, for a person with a browser: an overview with a line for
//            each, and everything there is to know of them.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>
#include <string_view>

#include "expose/targets_view.h"

namespace sdt::expose {

/// Targets of the overview, metrics of `/targets`: beyond that the pages say how many more there
/// are.
inline constexpr std::size_t most_on_a_page = 200;

[[nodiscard]] std::string overview_page(const TargetsView& view);

/// `query` is that of the request: with `refresh=5` the browser asks again every 5 s.
[[nodiscard]] std::string targets_page(const TargetsView& view, std::string_view query);

}  // namespace sdt::expose
