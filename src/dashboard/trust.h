// Panels that say whether the numbers of targets can be trusted.
//
// Purpose:   what the dashboard of a config and that of the exporter itself both show.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>
#include <vector>

#include "dashboard/model.h"

namespace sdt::dashboard {

/// One number, of four columns. Without thresholds it has no colour, else it is green below them.
[[nodiscard]] Panel stat(std::string title, std::string description, std::string unit,
                         std::string expr, std::vector<Threshold> thresholds = {});

[[nodiscard]] Panel processes_traced();
[[nodiscard]] Panel metrics_not_attached();
[[nodiscard]] Panel metrics_over_budget();

/// Of twelve columns.
[[nodiscard]] Panel events_lost_by_metric();

}  // namespace sdt::dashboard
