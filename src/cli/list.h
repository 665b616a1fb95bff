// `sdt_exporter list`: which probes are there?
//
// Purpose:   the probes of one file, of the files one process maps, or of everything that runs.
// Ownership: none.
// Thread:    the process's only one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sdt::cli {

struct ListOptions {
  std::optional<std::uint32_t> pid;
  std::optional<std::string> exe;      ///< path of an ELF file; without it and pid: all processes
  std::optional<std::string> pattern;  ///< PROVIDER:NAME, globs allowed in both
  bool json = false;
};

/// Prints to standard output, what could not be read to standard error.
/// 0: probes were printed; 1: nothing matched, or the named process or file could not be read in
/// full; 2: the pattern is not one.
[[nodiscard]] int run_list(const ListOptions& options);

}  // namespace sdt::cli
