#include "cli/dashboard.h"

#include <cstdio>

#include <fmt/format.h>

#include "daemon/supervisor.h"
#include "dashboard/grafana.h"
#include "dashboard/of_config.h"
#include "dashboard/of_exporter.h"
#include "spec/load.h"

namespace sdt::cli {
namespace {

int print(const dashboard::Dashboard& dashboard) {
  const std::string json = dashboard::grafana_json(dashboard);
  const bool written = std::fwrite(json.data(), 1, json.size(), stdout) == json.size();
  if (written && std::fflush(stdout) == 0) return daemon::exit_ok;
  std::perror("sdt_exporter: the dashboard could not be written to standard output");
  return daemon::exit_failure;
}

}  // namespace

int run_dashboard(const DashboardOptions& options) {
  if (options.self) return print(dashboard::dashboard_of_exporter());
  const spec::LoadResult loaded = spec::load_files(options.config_files);
  for (const spec::Diagnostic& diagnostic : loaded.diagnostics)
    fmt::print(stderr, "{}\n", diagnostic.text());
  if (!loaded.ok()) return daemon::exit_bad_config;
  return print(dashboard::dashboard_of(loaded.config, options.title));
}

}  // namespace sdt::cli
