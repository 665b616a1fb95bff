// A probe with a semaphore: the program looks at it and does not even prepare the arguments of a
// probe that nobody listens to.
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

#include "puppet/puppet.h"

extern "C" {
[[gnu::section(".probes"), gnu::used]] volatile unsigned short puppet_guarded_semaphore;
}

namespace puppet {

std::uint64_t fire_guarded(std::uint64_t count) {
  std::uint64_t fired = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (puppet_guarded_semaphore == 0) continue;
    DTRACE_PROBE1(puppet, guarded, i);
    ++fired;
  }
  return fired;
}

unsigned guarded_semaphore() {
  return puppet_guarded_semaphore;
}

}  // namespace puppet
