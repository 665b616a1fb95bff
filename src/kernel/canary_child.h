// What the canary does in its own process.
//
// Purpose:   attach an empty program to itself, run over the probes, and tell by a pipe.
// Ownership: everything ends with the process.
// Thread:    a forked child's only one: system calls only, nothing that allocates or locks.
#pragma once

#include <cstdint>

namespace sdt::kernel {

/// What the child tells, one struct after the other, each as soon as it is known: a crash on the
/// 5-byte nop must not take along what the 1-byte nop has cost.
struct CanaryWord {
  enum Kind : std::uint32_t { failed, hit_cost, overwritten };
  Kind kind = failed;
  std::uint32_t value = 0;  ///< errno; picoseconds of a hit; hits that changed the red zone
};

inline constexpr std::uint32_t canary_hits = 300;  ///< on the 5-byte nop

struct CanaryTask {
  int program_fd = -1;
  int answer_fd = -1;
  bool uprobe_multi = false;
  std::uint32_t perf_type = 0;            ///< of uprobes, where they are perf events
  std::uint64_t one_byte_nop_offset = 0;  ///< of the probes in /proc/self/exe
  std::uint64_t five_byte_nop_offset = 0;
};

/// Offsets of the probes; false when they are not to be found.
[[nodiscard]] bool find_canary_sites(CanaryTask& task);

[[noreturn]] void run_canary(const CanaryTask& task);

}  // namespace sdt::kernel
