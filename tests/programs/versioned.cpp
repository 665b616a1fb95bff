// versioned: computes, fires versioned:step 100 times, and prints what it computed. Its two builds
// differ in the code before the probe, so that each has it where the other has something else.
#include <sys/sdt.h>

#include <cstdint>
#include <cstdio>

namespace {

[[gnu::noinline]] std::uint64_t step(std::uint64_t sum, std::uint64_t i) {
#if VERSION == 2
  sum = sum * 31 + (i ^ 0x5bd1e995) - (sum >> 7);
  sum ^= sum << 13;
#endif
  DTRACE_PROBE1(versioned, step, i);
  sum = sum * 6364136223846793005ULL + i;
  sum ^= sum >> 29;
#if VERSION == 1
  sum = sum * 17 + (i << 3) - (sum >> 11);
#endif
  return sum;
}

}  // namespace

int main() {
  std::uint64_t sum = VERSION;
  for (std::uint64_t i = 0; i < 100; ++i) sum = step(sum, i);
  std::printf("%d %016llx\n", VERSION, static_cast<unsigned long long>(sum));
}
