// reexec N: fires reexec:step and becomes itself with N - 1, until N is 0.
#include <sys/sdt.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const long left = std::strtol(argv[1], nullptr, 10);
  DTRACE_PROBE1(reexec, step, left);
  if (left == 0) return 0;
  std::string next = std::to_string(left - 1);
  char* const arguments[] = {argv[0], next.data(), nullptr};
  execv("/proc/self/exe", arguments);
  return 1;
}
