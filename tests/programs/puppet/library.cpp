// libpuppet.so: probes in a shared library.
#include <sys/sdt.h>

#include "puppet/puppet.h"

namespace puppet {

void library_tick(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) DTRACE_PROBE1(puppet_lib, tick, i);
}

}  // namespace puppet
