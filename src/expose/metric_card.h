// One metric on the page `/targets`.
//
// Purpose:   its state with the reason, what it counted, what it costs, what it lost, and where it
//            is attached.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>

#include "expose/targets_view.h"

namespace sdt::expose {

/// An <article>.
[[nodiscard]] std::string metric_card(const MetricView& metric);

}  // namespace sdt::expose
