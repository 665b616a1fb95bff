#include "cli/commands.h"

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/check.h"
#include "cli/dashboard.h"
#include "cli/list.h"
#include "cli/watch.h"
#include "daemon/supervisor.h"

namespace sdt::cli {
namespace {

using daemon::LogFormat;
using daemon::LogLevel;
using kernel::AttachChoice;
using kernel::PairChoice;

/// A flag that takes one of a few words. Its help text names them, without CLI11's own list of the
/// numbers behind.
template <class T>
CLI::Validator one_of(std::map<std::string, T> words) {
  return CLI::CheckedTransformer(std::move(words)).description("");
}

CLI::Option* add_config_flag(CLI::App& app, std::vector<std::string>& files) {
  return app
      .add_option("--config.file", files, "Config file, or a directory of *.yaml; repeatable")
      ->allow_extra_args(false);  // one file a flag: what follows is something else
}

void add_run_flags(CLI::App& app, daemon::RunOptions& options) {
  add_config_flag(app, options.config_files);
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
  return daemon::exit_bad_config;
}

/// Flags without a command are those of `run`.
Command add_run(CLI::App& app) {
  auto options = std::make_shared<daemon::RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Run the daemon (the default)");
  for (CLI::App* flags : {&app, command}) {
    add_run_flags(*flags, *options);
    add_kernel_flags(*flags, *options);
  }
  return {command, [options] {
            if (!options->config_files.empty()) return daemon::run(*options);
            return complain(
                "sdt_exporter: --config.file is required (a file, or a directory of *.yaml); "
                "--help tells more\n");
          }};
}

Command add_check(CLI::App& app) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = app.add_subcommand("check", "Validate config files");
  add_config_flag(*command, options->config_files)->required();
  command->add_option("--web.config.file", options->web_config_file,
                      "The daemon's web config, with the certificates it names");
  command->add_flag("--probes", options->probes, "Resolve against the running processes as well");
  return {command, [options] { return run_check(*options); }};
}

Command add_list(CLI::App& app) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command = app.add_subcommand("list", "List probes of files and processes");
  auto* pid = command->add_option("--pid", options->pid, "Of the files that this process maps");
  command->add_option("--exe", options->exe, "Of this ELF file")->excludes(pid);
  command->add_option("pattern", options->pattern, "PROVIDER:NAME, globs allowed");
  command->add_option("--output", options->json, "text (the default), json")
      ->type_name("FORMAT")
      ->transform(one_of<bool>({{"text", false}, {"json", true}}));
  return {command, [options] { return run_list(*options); }};
}

Command add_watch(CLI::App& app) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* command = app.add_subcommand("watch", "Show metrics in the terminal, live");
  add_config_flag(*command, options->config_files)->required();
  command->add_option("metric", options->metrics, "Names of metrics, globs allowed; else all");
  command->add_option("--interval", options->interval, "From one picture to the next")
      ->capture_default_str();
  command->add_flag("--once", options->once, "One interval, one picture, and the end");
  command->add_option("--path.rootfs", options->root,
                      "Where the host's root directory is; by default PID 1's, else our own");
  add_kernel_flags(*command, *options);
  return {command, [options] { return run_watch(*options); }};
}

Command add_dashboard(CLI::App& app) {
  auto options = std::make_shared<DashboardOptions>();
  CLI::App* command =
      app.add_subcommand("dashboard", "Print a Grafana dashboard of a config's metrics");
  auto* of_config = add_config_flag(*command, options->config_files);
  auto* of_self = command->add_flag("--self", options->self, "Of the exporter itself instead")
                      ->excludes(of_config);
  command->add_option("--title", options->title, "Its title; by default the targets' names")
      ->excludes(of_self);
  return {command, [options] {
            if (options->self || !options->config_files.empty()) return run_dashboard(*options);
            return complain(
                "sdt_exporter: dashboard takes --config.file (a file, or a directory of *.yaml), "
                "or --self for the dashboard of the exporter itself\n");
          }};
}

}  // namespace

std::vector<Command> add_commands(CLI::App& app) {
  return {add_run(app), add_check(app), add_list(app), add_watch(app), add_dashboard(app)};
}

}  // namespace sdt::cli
