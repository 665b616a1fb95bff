#include "kernel/canary.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "kernel/bpf_call.h"
#include "kernel/canary_child.h"

namespace sdt::kernel {
namespace {

using std::chrono::steady_clock;

/// The child takes 2 ms. Attaching waits for others that are just detaching, and forking for a busy
/// machine.
constexpr std::chrono::milliseconds patience{500};

constexpr const char* uprobe_pmu = "/sys/bus/event_source/devices/uprobe/type";

std::string failure(int error, std::string_view doing) {
  return fail_errno(error, doing).value().message;
}

/// One word of the child; nothing when it ends, or does not come, with errno in `error`.
std::optional<CanaryWord> read_word(int fd, steady_clock::time_point until, int& error) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now()).count();
  pollfd waiting{fd, POLLIN, 0};
  const int ready = poll(&waiting, 1, left > 0 ? static_cast<int>(left) : 0);
  if (ready <= 0) {
    error = ready == 0 ? ETIMEDOUT : errno;
    return std::nullopt;
  }
  CanaryWord word;
  const ssize_t size = read(fd, &word, sizeof word);
  if (size == sizeof word) return word;
  error = size < 0 ? errno : 0;
  return std::nullopt;
}

/// Nobody else's signal handlers may run in the child before it has set its own mask.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

Canary::Canary(bool uprobe_multi) {
  CanaryTask task;
  task.uprobe_multi = uprobe_multi;
  if (!find_canary_sites(task)) {
    problem_ = "its sites are not to be found in the program";
    return;
  }
  if (!uprobe_multi && !(std::ifstream(uprobe_pmu) >> task.perf_type)) {
    problem_ = fmt::format("{} cannot be read", uprobe_pmu);
    return;
  }
  const TrivialProgram program =
      load_trivial_program(uprobe_multi ? attach_type_uprobe_multi : 0, 0);
  if (program.error != 0) {
    problem_ = failure(program.error, "loading its program");
    return;
  }
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) {
    problem_ = failure(errno, "making its pipe");
    return;
  }
  answer_ = UniqueFd(ends[0]);
  const UniqueFd told(ends[1]);
  task.program_fd = program.fd.get();
  task.answer_fd = told.get();
  const AllSignalsBlocked blocked;
  child_ = fork();
  if (child_ == 0) run_canary(task);
  if (child_ < 0) problem_ = failure(errno, "forking it");
}

Canary::~Canary() {
  end();
}

void Canary::end() {
  if (child_ < 0) return;
  kill(child_, SIGKILL);
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
}

HitTrial Canary::trial() {
  HitTrial trial;
  const std::string problem = child_ < 0 ? problem_ : read_answer(trial);
  if (!problem.empty()) {
    trial.text =
        "no probes on 5-byte nops, because the canary could not show that this kernel is "
        "safe: " +
        problem;
  }
  return trial;
}

/// What kept it from answering in full; else empty.
std::string Canary::read_answer(HitTrial& trial) {
  const auto until = steady_clock::now() + patience;
  int error = 0;
  while (const auto word = read_word(answer_.get(), until, error)) {
    switch (word->kind) {
      case CanaryWord::failed:
        return failure(static_cast<int>(word->value), "attaching to it");
      case CanaryWord::hit_cost: {
        constexpr double nanosecond = 1e-3;  // in picoseconds
        trial.hit_cost = HitTrial::Nanoseconds(word->value * nanosecond);
        break;
      }
      case CanaryWord::overwritten:
        trial.five_byte_nops_are_safe = word->value == 0;
        trial.text = word->value == 0
                         ? fmt::format(
                               "probes on 5-byte nops are safe here: {} hits left the red "
                               "zone alone",
                               canary_hits)
                         : fmt::format(
                               "no probes on 5-byte nops: {} of {} hits overwrote the red "
                               "zone of the canary",
                               word->value, canary_hits);
        return {};
    }
  }
  return error == 0 ? "it crashed" : failure(error, "waiting for its answer");
}

}  // namespace sdt::kernel
