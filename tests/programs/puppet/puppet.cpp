// puppet: fires what it is told to.
//
// Reads one command a line from standard input and answers each with one line, once it is done:
//
//   tick N         fire puppet:tick(i) for i = 0 .. N-1
//   amount V       fire puppet:amount(V), a signed 64-bit value
//   real V         fire puppet:real(V), a double
//   say TEXT       fire puppet:say("TEXT")
//   guarded N      fire puppet:guarded N times if its semaphore is up; answers how often it fired
//   semaphore      answers the value of that semaphore
//   library N      fire puppet_lib:tick N times in the shared library
//   start, end     fire puppet:work__start / puppet:work__end
//   nested         work__start twice, one call within the other, then work__end twice
//   abandon        work__start in a call that is left by longjmp, without a work__end
//   vector         fire puppet:vector, whose argument is in a register that cannot be had
//   fork N         fire puppet:tick N times in a forked child that stays until this program ends
//   fleeting N     the same in a child that ends at once
//   into GROUP N   the same in a child that stays and was born into the control group of that
//                  directory
//   storm F N      the same in F children, one after the other
//   orphan N       the same in a child's child, after the child has ended
//   beside N       the same as fleeting, forked by another thread than the first
//   spawn COMMAND  run another program by posix_spawn, which is vfork and exec, to its end
//   name TEXT      take TEXT as the process's name (comm)
//   user UID       go on as another user
//   exec COMMAND   become another program; what it says is the answer
//   exec2 COMMAND  the same by another thread than the first
//   leave          go on in another thread; the main thread ends
//   load PATH      dlopen a copy of the library in a memfd whose descriptor is closed then
//   open PATH      dlopen the library itself
//   plugin N       fire plugin:tick N times in the library that was loaded last
//   unload         dlclose it
//
// Leaves when standard input ends. Arguments of the program itself are ignored: they are there for
// selectors by command line to look at.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sdt.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csetjmp>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>

#include "odd_probes.h"
#include "puppet/puppet.h"

void puppet::tick(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) DTRACE_PROBE1(puppet, tick, i);
}

namespace {

std::jmp_buf way_out;

[[gnu::noinline]] void work_start() {
  DTRACE_PROBE(puppet, work__start);
}
[[gnu::noinline]] void work_end() {
  DTRACE_PROBE(puppet, work__end);
}

[[gnu::noinline]] void work_within_work() {
  volatile char frame[64] = {};  // deeper in the stack than the caller
  work_start();
  work_end();
  (void)frame[0];
}

void nested_work() {
  work_start();
  work_within_work();
  work_end();
}

[[gnu::noinline]] void abandoned_work() {
  volatile char frame[64] = {};
  work_start();
  (void)frame[0];
  std::longjmp(way_out, 1);
}

void abandon_work() {
  if (setjmp(way_out) == 0) abandoned_work();
}

void* plugin = nullptr;

bool load_copy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  const int fd = memfd_create("plugin", MFD_CLOEXEC);
  if (write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return false;
  plugin = dlopen(("/proc/self/fd/" + std::to_string(fd)).c_str(), RTLD_NOW);
  close(fd);
  return plugin != nullptr;
}

void fire_plugin(std::uint64_t count) {
  reinterpret_cast<void (*)(std::uint64_t)>(dlsym(plugin, "plugin_tick"))(count);
}

void serve();

std::string obey(const std::string& command, std::istream& rest) {
  std::uint64_t count = 0;
  std::uint64_t times = 0;
  std::string text;
  if (command == "tick" && rest >> count) {
    puppet::tick(count);
  } else if (command == "amount") {
    std::int64_t value = 0;
    rest >> value;
    DTRACE_PROBE1(puppet, amount, value);
  } else if (command == "real" && rest >> text) {
    const double value = std::strtod(text.c_str(), nullptr);
    DTRACE_PROBE1(puppet, real, value);
  } else if (command == "say" && std::getline(rest >> std::ws, text)) {
    const char* said = text.c_str();
    DTRACE_PROBE1(puppet, say, said);
  } else if (command == "guarded" && rest >> count) {
    return std::to_string(puppet::fire_guarded(count));
  } else if (command == "semaphore") {
    return std::to_string(puppet::guarded_semaphore());
  } else if (command == "library" && rest >> count) {
    puppet::library_tick(count);
  } else if (command == "start") {
    work_start();
  } else if (command == "end") {
    work_end();
  } else if (command == "nested") {
    nested_work();
  } else if (command == "abandon") {
    abandon_work();
  } else if (command == "vector") {
    asm volatile(ODD_PROBE("puppet", "vector", "8f@%%xmm0 -4@$7") : :);
  } else if (command == "fork" && rest >> count) {
    puppet::fork_and_tick(count, true);
  } else if (command == "fleeting" && rest >> count) {
    puppet::fork_and_tick(count, false);
  } else if (command == "into" && rest >> text >> count) {
    const int group = open(text.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (group < 0) return "no such group";
    puppet::fork_and_tick(count, true, group);
    close(group);
  } else if (command == "storm" && rest >> times >> count) {
    while (times-- > 0) puppet::fork_and_tick(count, false);
  } else if (command == "orphan" && rest >> count) {
    puppet::orphan_and_tick(count);
  } else if (command == "beside" && rest >> count) {
    std::thread([&] { puppet::fork_and_tick(count, false); }).join();
  } else if (command == "spawn") {
    if (!puppet::run(rest)) return "failed";
  } else if (command == "user" && rest >> count) {
    if (setuid(static_cast<uid_t>(count)) != 0) return "refused";
  } else if (command == "name" && rest >> text) {
    prctl(PR_SET_NAME, text.c_str());
  } else if (command == "exec") {
    puppet::become(rest);
  } else if (command == "exec2") {
    std::thread([&] { puppet::become(rest); }).join();
  } else if (command == "load" && rest >> text) {
    if (!load_copy(text)) return dlerror();
  } else if (command == "open" && rest >> text) {
    plugin = dlopen(text.c_str(), RTLD_NOW);
  } else if (command == "plugin" && rest >> count) {
    fire_plugin(count);
  } else if (command == "unload") {
    dlclose(plugin);
  } else {
    return "unknown command: " + command;
  }
  return "done";
}

[[noreturn]] void leave_main() {
  std::thread([] {
    std::cout << "done" << std::endl;
    serve();
    puppet::end_children();
    _exit(0);
  }).detach();
  syscall(SYS_exit, 0);  // of this thread alone
  __builtin_unreachable();
}

void serve() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    if (command == "leave") leave_main();
    std::cout << obey(command, words) << std::endl;
  }
}

}  // namespace

int main() {
  std::cout << "ready" << std::endl;
  serve();
  puppet::end_children();
}
