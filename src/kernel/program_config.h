// From a Metric to the constants of its BPF program.
//
// Purpose:   fill `struct sdt_program`, and size the maps to go with it. Pure, so that what the
//            kernel will be told is a unit test away.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/samples.h"
#include "bpf/abi.h"
#include "elf/argument.h"
#include "kernel/features.h"
#include "spec/config.h"

namespace sdt::kernel {

/// What is not the metric's but the machine's.
struct ProgramOptions {
  std::uint32_t target = 0;
  bool sleepable = false;
  bool task_storage = false;
  std::size_t possible_cpus = 1;
  PidNamespace pid_namespace{};
  TaskFields task_fields{};
};

[[nodiscard]] ProgramOptions options_for(std::uint32_t target, const Features& features);

/// How the program's maps are made.
struct MapSizes {
  std::uint32_t series_entries = 0;
  std::uint32_t cell_size = 0;  ///< bytes
  bool series_per_cpu =
      true;  ///< else one shared hash, where per-CPU copies would take too much memory
  std::uint32_t pair_entries = 1;
  std::uint32_t pair_size = sizeof(sdt_start);
  std::uint32_t probe_entries =
      1;  ///< distinct probe names that can be told apart; the last one takes the rest
};

struct ProgramConfig {
  sdt_program program{};
  MapSizes maps;
  CellKind cell = CellKind::count;
  KeyLayout layout;
};

/// Errors (Errc::exhausted): expressions that together have more steps, or a key larger, than the
/// program holds. spec/ refuses most of these first, with their place in the file.
[[nodiscard]] Result<ProgramConfig> configure(const spec::Metric& metric,
                                              const ProgramOptions& options);

/// One site's arguments as the program reads them.
[[nodiscard]] sdt_site site_layout(const std::vector<elf::Argument>& arguments);

/// Kernel memory of a metric's own maps, in bytes, all CPUs, as they are made (task-local storage
/// comes on top: one start record for each thread that ever fired).
[[nodiscard]] std::uint64_t map_bytes(const ProgramConfig& config, std::size_t possible_cpus);

}  // namespace sdt::kernel
