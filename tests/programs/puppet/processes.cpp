// The commands of `puppet` that make processes, or another one of it.
#include <linux/sched.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <istream>
#include <string>
#include <vector>

#include "puppet/puppet.h"

namespace puppet {
namespace {

std::vector<pid_t> children;

/// Whoever holds its writing end is awaited by wait().
class Done {
 public:
  Done() {
    if (pipe(ends_) != 0) _exit(1);
  }
  void wait() {
    close(ends_[1]);
    char nothing = 0;
    while (read(ends_[0], &nothing, 1) > 0) {
    }
    close(ends_[0]);
  }
  void tell() {
    close(ends_[0]);
    close(ends_[1]);
  }

 private:
  int ends_[2] = {-1, -1};
};

/// fork(), where `group` is not negative into that control group (Linux 5.7).
pid_t fork_into(int group) {
  if (group < 0) return fork();
  clone_args arguments{};
  arguments.flags = CLONE_INTO_CGROUP;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = static_cast<std::uint64_t>(group);
  return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
}

/// The rest of the line as argv.
class Arguments {
 public:
  explicit Arguments(std::istream& rest) {
    for (std::string word; rest >> word;) words_.push_back(word);
    for (std::string& word : words_) arguments_.push_back(word.data());
    arguments_.push_back(nullptr);
  }
  [[nodiscard]] char** data() { return arguments_.data(); }

 private:
  std::vector<std::string> words_;
  std::vector<char*> arguments_;
};

}  // namespace

void fork_and_tick(std::uint64_t count, bool stays, int group) {
  Done done;
  const pid_t child = fork_into(group);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    tick(count);
    done.tell();
    while (stays) pause();
    _exit(0);
  }
  done.wait();
  if (stays) {
    children.push_back(child);
  } else {
    waitpid(child, nullptr, 0);
  }
}

void orphan_and_tick(std::uint64_t count) {
  Done done;
  const pid_t child = fork();
  if (child == 0) {
    const pid_t parent = getpid();
    if (fork() != 0) _exit(0);
    while (getppid() == parent) usleep(100);
    tick(count);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  done.wait();
}

void end_children() {
  for (const pid_t child : children) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
}

bool run(std::istream& command) {
  Arguments arguments(command);
  pid_t child = 0;
  if (posix_spawn(&child, arguments.data()[0], nullptr, nullptr, arguments.data(), environ) != 0) {
    return false;
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0;
}

void become(std::istream& command) {
  Arguments arguments(command);
  execv(arguments.data()[0], arguments.data());
  _exit(127);
}

}  // namespace puppet
