// The subcommands and their flags.
//
// Purpose:   what --help says of each, and which function does it.
// Ownership: a command shares what its flags are read into.
// Thread:    the process's only one.
#pragma once

#include <functional>
#include <vector>

#include <CLI/CLI.hpp>

namespace sdt::cli {

struct Command {
  CLI::App* flags;
  std::function<int()> run;  ///< once the flags are parsed; the exit status
};

/// The first is the one to run where none is named.
[[nodiscard]] std::vector<Command> add_commands(CLI::App& app);

}  // namespace sdt::cli
