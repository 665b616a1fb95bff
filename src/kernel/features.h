// What the running kernel, and our capabilities, allow.
//
// Purpose:   find out once, at start, by trying; say in a person's words what is missing.
// Ownership: plain values.
// Thread:    start-up.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace sdt::kernel {

enum class AttachChoice { automatic, multi, perf };
enum class PairChoice { automatic, task_storage, hash };

/// The pid namespace that our /proc shows, when it is not the machine's first: events then carry
/// its pids, and processes in other namespaces, nested ones included, are not seen. Zeros: the
/// first.
struct PidNamespace {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

/// Where struct task_struct of the running kernel keeps what tells one process image from the next.
/// Zeros: the kernel has no BTF that would say; a pid is then taken for the same process until it
/// is seen to end.
struct TaskFields {
  std::uint32_t group_leader = 0;
  std::uint32_t start_boottime = 0;
  std::uint32_t self_exec_id = 0;
};

/// What the canary found out (kernel/canary.h).
struct HitTrial {
  using Nanoseconds = std::chrono::duration<double, std::nano>;
  bool five_byte_nops_are_safe = false;  ///< a probe on one leaves the red zone alone
  std::optional<Nanoseconds> hit_cost;   ///< of one hit with an empty program; unset: not known
  std::string text;                      ///< what was found, or why nothing was
};

struct Features {
  bool uprobe_multi = false;  ///< one link for many sites (6.6); else a perf event for each
  bool sleepable = false;     ///< programs may wait for a page (6.0)
  bool task_storage =
      false;  ///< thread-keyed pairs in task-local storage (5.11, and the kernel's BTF)
  std::size_t possible_cpus = 1;
  /// What a hit takes before and after the BPF program: the trap. On the machines that were
  /// measured it was 0.4 to 0.6 us; assumed, and rather too much than too little.
  std::chrono::nanoseconds trap_cost{1'000};
  PidNamespace pid_namespace{};
  TaskFields task_fields{};
  HitTrial trial{};  ///< detect_features() leaves it to the canary

  /// "uprobe_multi, sleepable, task storage, 2 CPUs": for the log.
  [[nodiscard]] std::string text() const;
};

/// Errors: bpf(2) is refused (Errc::permission, naming the capabilities), the kernel has no uprobes
/// at all, or not the kind that was asked for (Errc::unsupported).
[[nodiscard]] Result<Features> detect_features(AttachChoice attach, PairChoice pairs);

}  // namespace sdt::kernel
