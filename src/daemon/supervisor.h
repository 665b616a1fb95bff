// The daemon: everything wired together on one loop.
//
// Purpose:   load, listen, attach, and then follow processes and drain until told to stop.
// Ownership: owns all of it for the time of run().
// Thread:    run() is the loop's thread.
#pragma once

#include <string>
#include <vector>

#include "daemon/log.h"
#include "kernel/features.h"
#include "spec/config.h"

namespace sdt::daemon {

class Onlooker;

struct RunOptions {
  std::vector<std::string> config_files;
  std::vector<std::string> listen_addresses{":10738"};
  std::string telemetry_path = "/metrics";
  std::string root;             ///< of the host; empty: found out
  std::string state_directory;  ///< in a BPF file system; empty: systemd keeps it, or nobody
  std::string web_config_file;  ///< empty: plain HTTP, nobody is asked for a password
  bool web_systemd_socket = false;
  bool enable_lifecycle = false;  ///< POST /-/reload reloads
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::logfmt;
  kernel::AttachChoice attach = kernel::AttachChoice::automatic;
  kernel::PairChoice pairs = kernel::PairChoice::automatic;
};

/// Exit statuses, as documented in docs/operations.md.
enum ExitStatus : int {
  exit_ok = 0,
  exit_failure = 1,     ///< the kernel, a capability or the port does not allow it
  exit_bad_config = 2,  ///< the config files or flags are wrong
};

/// Runs until SIGTERM or SIGINT.
[[nodiscard]] int run(const RunOptions& options);

/// The same for somebody who looks on, with a config that is loaded already: until he or a signal
/// ends it. Listens on the addresses that the options name, which may be none.
[[nodiscard]] int run_watched(const RunOptions& options, spec::Config config, const Log& log,
                              Onlooker& onlooker);

}  // namespace sdt::daemon
