#include "kernel/canary_child.h"

#include <link.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <ctime>
#include <string>

#include "kernel/bpf_call.h"

// A leaf function that fills its red zone, the 128 bytes below the stack pointer (System V ABI,
// AMD64, 3.2.2), with its argument, has a nop that is probed, and returns how many of the 16 words
// are not what they were. Nothing but the probe may touch the stack in between: hence assembly.
#define SDT_CANARY_FUNCTION(name, nop)    \
  asm(".pushsection .text\n"              \
      ".balign 64\n"                      \
      ".globl " name ", " name            \
      "_site\n"                           \
      ".hidden " name ", " name           \
      "_site\n"                           \
      ".type " name ", @function\n" name  \
      ":\n"                               \
      ".cfi_startproc\n"                  \
      "mov $-16, %rcx\n"                  \
      "1: mov %rdi, (%rsp,%rcx,8)\n"      \
      "inc %rcx\n"                        \
      "jnz 1b\n" name "_site: .byte " nop \
      "\n"                                \
      "xor %eax, %eax\n"                  \
      "mov $-16, %rcx\n"                  \
      "2: cmp %rdi, (%rsp,%rcx,8)\n"      \
      "je 3f\n"                           \
      "inc %eax\n"                        \
      "3: inc %rcx\n"                     \
      "jnz 2b\n"                          \
      "ret\n"                             \
      ".cfi_endproc\n"                    \
      ".size " name ", . - " name         \
      "\n"                                \
      ".popsection\n")

SDT_CANARY_FUNCTION("sdt_canary_one_byte_nop", "0x90");
SDT_CANARY_FUNCTION("sdt_canary_five_byte_nop", "0x0f, 0x1f, 0x44, 0x00, 0x00");

extern "C" {
std::uint32_t sdt_canary_one_byte_nop(std::uint64_t pattern);
std::uint32_t sdt_canary_five_byte_nop(std::uint64_t pattern);
extern const char sdt_canary_one_byte_nop_site[];
extern const char sdt_canary_five_byte_nop_site[];
}

namespace sdt::kernel {
namespace {

constexpr std::uint64_t pattern = 0x5a5a'a5a5'5a5a'a5a5;
constexpr unsigned longest_life = 1;  // s
constexpr int rounds = 5;
constexpr std::uint32_t hits_per_round = 400;

struct Search {
  std::uint64_t address;
  std::uint64_t offset;
  bool found;
};

/// The first object is the program itself.
int look_into_program(dl_phdr_info* info, std::size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  for (std::uint16_t i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    const std::uint64_t distance = search.address - info->dlpi_addr - segment.p_vaddr;
    if (segment.p_type != PT_LOAD || distance >= segment.p_filesz) continue;
    search.offset = segment.p_offset + distance;
    search.found = true;
  }
  return 1;
}

bool find_offset(const char* site, std::uint64_t& offset) {
  Search search{reinterpret_cast<std::uintptr_t>(site), 0, false};
  dl_iterate_phdr(look_into_program, &search);
  offset = search.offset;
  return search.found;
}

void tell(const CanaryTask& task, CanaryWord::Kind kind, std::uint32_t value) {
  const CanaryWord word{kind, value};
  // Who does not listen any more has ended, or will say that the answer never came.
  if (write(task.answer_fd, &word, sizeof word) != sizeof word) _exit(1);
}

[[noreturn]] void give_up(const CanaryTask& task, int error) {
  tell(task, CanaryWord::failed, static_cast<std::uint32_t>(error));
  _exit(1);
}

/// The daemon's files are not for the child: what it holds stays open, leased or bound.
void close_all_but(int first, int second) {
  const auto low = static_cast<unsigned>(std::min(first, second));
  const auto high = static_cast<unsigned>(std::max(first, second));
  if (low > 0) syscall(SYS_close_range, 0U, low - 1, 0U);
  if (high > low + 1) syscall(SYS_close_range, low + 1, high - 1, 0U);
  syscall(SYS_close_range, high + 1, ~0U, 0U);
}

/// Returns 0 or an errno. The descriptors stay open until the process ends, and the probes with
/// them.
int attach_multi(const CanaryTask& task) {
  const std::array<std::uint64_t, 2> offsets{task.one_byte_nop_offset, task.five_byte_nop_offset};
  const std::array<std::uint64_t, 2> none{};
  MultiLinkResult made =
      create_uprobe_multi_link(task.program_fd, "/proc/self/exe",
                               {offsets, none, none, static_cast<std::uint32_t>(getpid())});
  static_cast<void>(made.link.release());
  return made.error;
}

int attach_perf(const CanaryTask& task) {
  for (const std::uint64_t offset : {task.one_byte_nop_offset, task.five_byte_nop_offset}) {
    perf_event_attr attr{};
    attr.size = sizeof attr;
    attr.type = task.perf_type;
    attr.uprobe_path = reinterpret_cast<std::uintptr_t>("/proc/self/exe");
    attr.probe_offset = offset;
    const auto event =
        static_cast<int>(syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
    if (event < 0 || ioctl(event, PERF_EVENT_IOC_SET_BPF, task.program_fd) != 0 ||
        ioctl(event, PERF_EVENT_IOC_ENABLE, 0) != 0) {
      return errno;
    }
  }
  return 0;
}

std::uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(time.tv_nsec);
}

/// ns of the quickest round: what came between was not the probe's.
std::uint64_t quickest_round() {
  std::uint64_t quickest = ~std::uint64_t{0};
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t before = now();
    for (std::uint32_t i = 0; i < hits_per_round; ++i) {
      static_cast<void>(sdt_canary_one_byte_nop(pattern));
    }
    quickest = std::min(quickest, now() - before);
  }
  return quickest;
}

}  // namespace

bool find_canary_sites(CanaryTask& task) {
  return find_offset(sdt_canary_one_byte_nop_site, task.one_byte_nop_offset) &&
         find_offset(sdt_canary_five_byte_nop_site, task.five_byte_nop_offset);
}

void run_canary(const CanaryTask& task) {
  std::signal(SIGALRM, SIG_DFL);
  sigset_t wanted;
  sigfillset(&wanted);
  sigdelset(&wanted, SIGALRM);
  sigprocmask(SIG_SETMASK, &wanted, nullptr);
  alarm(longest_life);
  close_all_but(task.program_fd, task.answer_fd);

  const std::uint64_t without = quickest_round();
  const int error = task.uprobe_multi ? attach_multi(task) : attach_perf(task);
  if (error != 0) give_up(task, error);
  const std::uint64_t with = quickest_round();
  constexpr std::uint64_t picoseconds = 1000;
  tell(task, CanaryWord::hit_cost,
       static_cast<std::uint32_t>((with - std::min(with, without)) * picoseconds / hits_per_round));

  std::uint32_t overwritten = 0;
  for (std::uint32_t i = 0; i < canary_hits; ++i) {
    overwritten += sdt_canary_five_byte_nop(pattern) == 0 ? 0 : 1;
  }
  tell(task, CanaryWord::overwritten, overwritten);
  _exit(0);
}

}  // namespace sdt::kernel
