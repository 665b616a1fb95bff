// Which processes belong to a target.
//
// Purpose:   ProcessSelector × Process, as the spec language defines it.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include "proc/process.h"
#include "spec/config.h"

namespace sdt::plan {

enum class Match : std::uint8_t { no, yes, depends };

/// What the program alone (exe, comm, pid: what the kernel's records tell) says about whether a
/// process belongs; `depends`: the other keys of an entry decide.
[[nodiscard]] Match matches_program(const spec::Target& target, const proc::Process& process);

/// True when every key that the selector sets holds.
[[nodiscard]] bool matches(const spec::ProcessSelector& selector, const proc::Process& process);

/// True when a selector asks for the command line, which is gone with its process.
[[nodiscard]] bool asks_for_arguments(const spec::Target& target);

/// True when a selector asks where a process runs.
[[nodiscard]] bool selects_by_placement(const spec::Target& target);

/// True when a selector or a metric asks for it.
[[nodiscard]] bool asks_for_placement(const spec::Target& target);

/// True when a metric reads what only the daemon knows of a process.
[[nodiscard]] bool asks_for_facts(const spec::Target& target);

/// True when any of the target's selectors matches.
[[nodiscard]] bool belongs(const spec::Target& target, const proc::Process& process);

}  // namespace sdt::plan
