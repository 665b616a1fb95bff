// A child process that is probed before anybody else is.
//
// Purpose:   find out by trying, on the running kernel, whether a probe on a 5-byte nop overwrites
//            the red zone of the function around it, and what a hit costs.
// Ownership: owns the child. Links belong to the child alone, so that nothing stays attached should
//            either of the two be killed.
// Thread:    start-up, while the process has one thread.
#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"
#include "kernel/features.h"

namespace sdt::kernel {

class Canary {
 public:
  /// Lets it go; trial() tells what became of it.
  explicit Canary(bool uprobe_multi);
  Canary(const Canary&) = delete;
  Canary& operator=(const Canary&) = delete;
  /// Waits until the child is gone: up to 0.1 s after trial(), while the kernel detaches.
  ~Canary();

  /// Waits for the child's answer: a few milliseconds, and never more than half a second. Whatever
  /// fails says in `text` that the kernel was not shown to be safe, and why.
  [[nodiscard]] HitTrial trial();

 private:
  [[nodiscard]] std::string read_answer(HitTrial& trial);
  void end();

  std::string problem_;  ///< why there is no child
  pid_t child_ = -1;
  UniqueFd answer_;
};

}  // namespace sdt::kernel
