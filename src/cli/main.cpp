// sdt_exporter: subcommands and flags. Each subcommand lives in its own file.

#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/check.h"
#include "cli/dashboard.h"
#include "cli/list.h"
#include "cli/watch.h"
#include "daemon/supervisor.h"
#include "daemon/version.h"

namespace {

using sdt::daemon::LogFormat;
using sdt::daemon::LogLevel;
using sdt::kernel::AttachChoice;
using sdt::kernel::PairChoice;

/// A flag that takes one of a few words. Its help text names them, without CLI11's own list of the
/// numbers behind.
template <class T>
CLI::Validator one_of(std::map<std::string, T> words) {
  return CLI::CheckedTransformer(std::move(words)).description("");
}

void add_run_flags(CLI::App& app, sdt::daemon::RunOptions& options) {
  app.add_option("--config.file", options.config_files,
                 "Config file, or a directory of *.yaml; repeatable");
  app.add_option("--web.listen-address", options.listen_addresses, "Where to listen; repeatable")
      ->capture_default_str();
  app.add_option("--web.telemetry-path", options.telemetry_path, "Path of the metrics")
      ->capture_default_str();
  app.add_option("--path.rootfs", options.root,
                 "Where the host's root directory is; by default PID 1's, else our own");
  app.add_option("--state.bpffs", options.state_directory,
                 "Directory of a BPF file system that keeps links and counts for the next start");
  app.add_option("--web.config.file", options.web_config_file,
                 "TLS, users and headers, in the exporter-toolkit's format");
  app.add_flag("--web.systemd-socket", options.web_systemd_socket,
               "Listen on the sockets that systemd passes instead");
  app.add_flag("--web.enable-lifecycle", options.enable_lifecycle,
               "Let POST /-/reload do what SIGHUP does");
  app.add_option("--log.level", options.log_level, "debug, info (the default), warn, error")
      ->type_name("LEVEL")
      ->transform(one_of<LogLevel>({{"debug", LogLevel::debug},
                                    {"info", LogLevel::info},
                                    {"warn", LogLevel::warn},
                                    {"error", LogLevel::error}}));
  app.add_option("--log.format", options.log_format, "logfmt (the default), json")
      ->type_name("FORMAT")
      ->transform(one_of<LogFormat>({{"logfmt", LogFormat::logfmt}, {"json", LogFormat::json}}));
}

template <class Options>
void add_kernel_flags(CLI::App& app, Options& options) {
  app.add_option("--kernel.attach", options.attach,
                 "How to attach: auto (the default), multi (uprobe_multi, 6.6+), perf")
      ->type_name("WAY")
      ->transform(one_of<AttachChoice>({{"auto", AttachChoice::automatic},
                                        {"multi", AttachChoice::multi},
                                        {"perf", AttachChoice::perf}}));
  app.add_option("--kernel.pairs", options.pairs,
                 "Where threads keep their starts: auto (the default), task, hash")
      ->type_name("PLACE")
      ->transform(one_of<PairChoice>({{"auto", PairChoice::automatic},
                                      {"task", PairChoice::task_storage},
                                      {"hash", PairChoice::hash}}));
}

int complain(const char* what) {
  std::fputs(what, stderr);
  return sdt::daemon::exit_bad_config;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Prometheus metrics out of static (USDT) probes", "sdt_exporter");
  app.set_version_flag("--version", std::string("sdt_exporter ") + sdt::daemon::version);
  app.require_subcommand(0, 1);

  sdt::daemon::RunOptions run;
  for (CLI::App* command : {&app, app.add_subcommand("run", "Run the daemon (the default)")}) {
    add_run_flags(*command, run);
    add_kernel_flags(*command, run);
  }

  sdt::cli::CheckOptions check;
  CLI::App* check_command = app.add_subcommand("check", "Validate config files");
  check_command
      ->add_option("--config.file", check.config_files,
                   "Config file, or a directory of *.yaml; repeatable")
      ->required();
  check_command->add_option("--web.config.file", check.web_config_file,
                            "The daemon's web config, with the certificates it names");
  check_command->add_flag("--probes", check.probes,
                          "Resolve against the running processes as well");

  sdt::cli::ListOptions list;
  std::string output = "text";
  CLI::App* list_command = app.add_subcommand("list", "List probes of files and processes");
  auto* pid = list_command->add_option("--pid", list.pid, "Of the files that this process maps");
  list_command->add_option("--exe", list.exe, "Of this ELF file")->excludes(pid);
  list_command->add_option("pattern", list.pattern, "PROVIDER:NAME, globs allowed");
  list_command->add_option("--output", output, "text, json")
      ->check(CLI::IsMember({"text", "json"}));

  sdt::cli::WatchOptions watch;
  CLI::App* watch_command = app.add_subcommand("watch", "Show metrics in the terminal, live");
  watch_command
      ->add_option("--config.file", watch.config_files,
                   "Config file, or a directory of *.yaml; repeatable")
      ->required()
      ->allow_extra_args(false);  // what follows is a metric
  watch_command->add_option("metric", watch.metrics, "Names of metrics, globs allowed; else all");
  watch_command->add_option("--interval", watch.interval, "From one picture to the next")
      ->capture_default_str();
  watch_command->add_flag("--once", watch.once, "One interval, one picture, and the end");
  watch_command->add_option("--path.rootfs", watch.root,
                            "Where the host's root directory is; by default PID 1's, else our own");
  add_kernel_flags(*watch_command, watch);
  sdt::cli::DashboardOptions dashboard;
  CLI::App* dashboard_command =
      app.add_subcommand("dashboard", "Print a Grafana dashboard of a config's metrics");
  auto* of_config = dashboard_command->add_option(
      "--config.file", dashboard.config_files, "Config file, or a directory of *.yaml; repeatable");
  auto* of_self =
      dashboard_command->add_flag("--self", dashboard.self, "Of the exporter itself instead")
          ->excludes(of_config);
  dashboard_command
      ->add_option("--title", dashboard.title, "Its title; by default the targets' names")
      ->excludes(of_self);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? sdt::daemon::exit_ok : sdt::daemon::exit_bad_config;
  }
  if (check_command->parsed()) return sdt::cli::run_check(check);
  if (dashboard_command->parsed()) {
    if (dashboard.self || !dashboard.config_files.empty()) {
      return sdt::cli::run_dashboard(dashboard);
    }
    return complain(
        "sdt_exporter: dashboard takes --config.file (a file, or a directory of *.yaml), or "
        "--self for the dashboard of the exporter itself\n");
  }
  if (list_command->parsed()) {
    list.json = output == "json";
    return sdt::cli::run_list(list);
  }
  if (watch_command->parsed()) return sdt::cli::run_watch(watch);
  if (run.config_files.empty()) {
    return complain(
        "sdt_exporter: --config.file is required (a file, or a directory of *.yaml); --help tells "
        "more\n");
  }
  return sdt::daemon::run(run);
}
