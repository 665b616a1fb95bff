// `sdt_exporter dashboard`: a Grafana dashboard of the metrics of a config.
//
// Purpose:   load the config, print the dashboard's JSON.
// Ownership: none.
// Thread:    the process's only one.
#pragma once

#include <string>
#include <vector>

namespace sdt::cli {

struct DashboardOptions {
  std::vector<std::string> config_files;
  std::string title;  ///< empty: made of the targets' names
  bool self = false;  ///< of the exporter itself; then there are no config files
};

/// 0: printed; 1: standard output could not be written; 2: the config is wrong.
[[nodiscard]] int run_dashboard(const DashboardOptions& options);

}  // namespace sdt::cli
