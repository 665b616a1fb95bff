// sdt_exporter: subcommands and flags. Each subcommand lives in its own file.

#include <algorithm>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "daemon/supervisor.h"
#include "daemon/version.h"

int main(int argc, char** argv) {
  CLI::App app("Prometheus metrics out of static (USDT) probes", "sdt_exporter");
  app.set_version_flag("--version", std::string("sdt_exporter ") + sdt::daemon::version);
  app.require_subcommand(0, 1);
  const std::vector<sdt::cli::Command> commands = sdt::cli::add_commands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? sdt::daemon::exit_ok : sdt::daemon::exit_bad_config;
  }
  const auto named = std::ranges::find_if(
      commands, [](const sdt::cli::Command& command) { return command.flags->parsed(); });
  return (named == commands.end() ? commands.front() : *named).run();
}
