// puppet: fires what it is told to.
//
// Reads one command a line from standard input and answers each with one line, once it is done:
//
//   tick N         fire puppet:tick(i) for i = 0 .. N-1
//   amount V       fire puppet:amount(V), a signed 64-bit value
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
//   name TEXT      take TEXT as the process's name (comm)
//   exec COMMAND   become another program; what it says is the answer
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
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sdt.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "odd_probes.h"
#include "puppet/puppet.h"

namespace {

std::jmp_buf way_out;
std::vector<pid_t> children;

void tick(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) DTRACE_PROBE1(puppet, tick, i);
}

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

/// fork(), where `group` is not negative into that control group (Linux 5.7).
pid_t fork_into(int group) {
  if (group < 0) return fork();
  clone_args arguments{};
  arguments.flags = CLONE_INTO_CGROUP;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = static_cast<std::uint64_t>(group);
  return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
}

/// A child that fires, and then ends at once or stays until its parent does.
void fork_and_tick(std::uint64_t count, bool stays, int group = -1) {
  int done[2];
  if (pipe(done) != 0) return;
  const pid_t child = fork_into(group);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    tick(count);
    close(done[0]);
    close(done[1]);
    while (stays) pause();
    _exit(0);
  }
  close(done[1]);
  char nothing = 0;
  while (read(done[0], &nothing, 1) > 0) {
  }
  close(done[0]);
  if (stays) {
    children.push_back(child);
  } else {
    waitpid(child, nullptr, 0);
  }
}

void end_children() {
  for (const pid_t child : children) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
}

[[noreturn]] void become(std::istream& rest) {
  std::vector<std::string> words;
  for (std::string word; rest >> word;) words.push_back(word);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
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
  std::string text;
  if (command == "tick" && rest >> count) {
    tick(count);
  } else if (command == "amount") {
    std::int64_t value = 0;
    rest >> value;
    DTRACE_PROBE1(puppet, amount, value);
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
    fork_and_tick(count, true);
  } else if (command == "fleeting" && rest >> count) {
    fork_and_tick(count, false);
  } else if (command == "into" && rest >> text >> count) {
    const int group = open(text.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (group < 0) return "no such group";
    fork_and_tick(count, true, group);
    close(group);
  } else if (command == "name" && rest >> text) {
    prctl(PR_SET_NAME, text.c_str());
  } else if (command == "exec") {
    become(rest);
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
    end_children();
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
  end_children();
}
