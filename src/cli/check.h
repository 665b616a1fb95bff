// `sdt_exporter check`: would this config work here?
//
// Purpose:   validate, and with --probes resolve against the running processes, without attaching
//            anything.
// Ownership: none.
// Thread:    the process's only one.
#pragma once

#include <string>
#include <vector>

namespace sdt::cli {

struct CheckOptions {
  std::vector<std::string> config_files;
  std::string web_config_file;  ///< empty: none
  bool probes = false;
};

/// 0: all is well; 1: with --probes, a metric would not be attached in full; 2: the config is
/// wrong.
[[nodiscard]] int run_check(const CheckOptions& options);

}  // namespace sdt::cli
