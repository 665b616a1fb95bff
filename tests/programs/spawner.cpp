// spawner N PAUSE_US COMMAND...: runs the command N times, one after the other, pausing between
// two.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

extern char** environ;

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const long count = std::strtol(argv[1], nullptr, 10);
  const auto pause = static_cast<useconds_t>(std::strtoul(argv[2], nullptr, 10));
  for (long i = 0; i < count; ++i) {
    pid_t child = 0;
    if (posix_spawn(&child, argv[3], nullptr, nullptr, argv + 3, environ) != 0) return 1;
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) return 1;
    if (pause > 0) usleep(pause);
  }
}
