// burst N: fires burst:tick and, in libpuppet.so, puppet_lib:tick N times each, and is gone within
// a millisecond.
#include <sys/sdt.h>

#include <cstdint>
#include <cstdlib>

#include "puppet/puppet.h"

int main(int argc, char** argv) {
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
  for (std::uint64_t i = 0; i < count; ++i) DTRACE_PROBE1(burst, tick, i);
  puppet::library_tick(count);
}
