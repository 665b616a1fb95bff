// nothing: ends at once, without a library. What execs cost somebody who watches them is best seen
// where they cost their starter least.
extern "C" [[noreturn]] void _start() {
  asm volatile("syscall" : : "a"(60L), "D"(0L));  // exit(0)
  __builtin_unreachable();
}
