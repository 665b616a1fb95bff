// A dashboard as Grafana's JSON.
//
// Purpose:   Dashboard → the document that Grafana imports and that its provisioning reads
//            (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/):
//            places on the grid, ids, variables, and the options of each kind of panel.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>

#include "dashboard/model.h"

namespace sdt::dashboard {

/// Ends with a newline. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string grafana_json(const Dashboard& dashboard);

}  // namespace sdt::dashboard
