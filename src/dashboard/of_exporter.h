// The dashboard of the exporter itself.
//
// Purpose:   what docs/metrics.md lists, as panels: what is attached, what is lost, what it costs.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include "dashboard/model.h"

namespace sdt::dashboard {

[[nodiscard]] Dashboard dashboard_of_exporter();

}  // namespace sdt::dashboard
