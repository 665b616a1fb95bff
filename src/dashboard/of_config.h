// The dashboard of a config.
//
// Purpose:   a row a target with the panels of its metrics, under one that says whether they can be
//            trusted. The same config always gives the same dashboard.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>

#include "dashboard/model.h"
#include "spec/config.h"

namespace sdt::dashboard {

/// A counter is one panel, its rate; a gauge one, its values; a histogram three, or four when it
/// has labels. Metrics of one name are one family, and shown where it is declared first. The uid
/// depends on the names of the targets alone: a dashboard that is made again replaces its old self.
/// `title` empty: one of the targets' names.
[[nodiscard]] Dashboard dashboard_of(const spec::Config& config, const std::string& title);

}  // namespace sdt::dashboard
