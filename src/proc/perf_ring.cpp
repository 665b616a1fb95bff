#include "proc/perf_ring.h"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace sdt::proc {
namespace {

/// Of a mapping whose path is as long as paths get (PATH_MAX), with everything around it.
constexpr std::size_t longest_record = 4096 + 256;

perf_event_attr attributes(bool with_cgroups) {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.size = sizeof attr;
  attr.config = PERF_COUNT_SW_DUMMY;
  attr.sample_type = PERF_SAMPLE_TIME;
  attr.sample_id_all = 1;
  attr.task = 1;
  attr.comm = 1;
  attr.comm_exec = 1;
  attr.mmap = 1;
  attr.mmap2 = 1;
  attr.cgroup = with_cgroups ? 1 : 0;
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;  // what the BPF programs tell the time by
  attr.watermark = 1;
  attr.wakeup_watermark = 1;  // these are no samples: without a watermark they would wake nobody
  return attr;
}

int open_event(perf_event_attr attr, unsigned cpu) {
  return static_cast<int>(
      syscall(SYS_perf_event_open, &attr, -1, static_cast<int>(cpu), -1, PERF_FLAG_FD_CLOEXEC));
}

std::size_t page_size() {
  return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

tl::unexpected<Error> open_failure(int error, unsigned cpu) {
  const std::string doing = fmt::format("following the processes of CPU {}", cpu);
  if (error == ENODEV) return fail(Errc::gone, doing + ": it is not online");
  auto failure = fail_errno(error, doing);
  if (failure.value().code == Errc::permission) {
    failure.value().message +=
        " (perf_event_open takes CAP_PERFMON, or kernel.perf_event_paranoid below 1)";
  }
  return failure;
}

}  // namespace

Result<PerfRing> PerfRing::open(unsigned cpu, std::size_t data_pages) {
  UniqueFd fd(open_event(attributes(true), cpu));
  if (!fd.valid() && errno == EINVAL) {  // before Linux 5.7 nobody told of control groups
    fd = UniqueFd(open_event(attributes(false), cpu));
  }
  if (!fd.valid()) return open_failure(errno, cpu);
  const std::size_t size = (data_pages + 1) * page_size();
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) {
    return fail_errno(errno,
                      fmt::format("mapping the perf ring of CPU {} ({} KiB of locked memory: "
                                  "kernel.perf_event_mlock_kb, or CAP_IPC_LOCK)",
                                  cpu, size / 1024));
  }
  return PerfRing(std::move(fd), memory, size, cpu);
}

PerfRing::PerfRing(PerfRing&& from) noexcept
    : fd_(std::move(from.fd_)),
      memory_(std::exchange(from.memory_, nullptr)),
      size_(from.size_),
      cpu_(from.cpu_) {}

PerfRing::~PerfRing() {
  if (memory_ != nullptr) munmap(memory_, size_);
}

bool PerfRing::read(const std::function<void(std::span<const std::byte>)>& each) {
  auto* control = static_cast<perf_event_mmap_page*>(memory_);
  const std::span data(static_cast<const std::byte*>(memory_) + page_size(), size_ - page_size());
  const auto copy_out = [&](std::uint64_t from, std::byte* to, std::size_t length) {
    const std::size_t start = from % data.size();
    const std::size_t first = std::min(length, data.size() - start);
    std::memcpy(to, data.data() + start, first);
    std::memcpy(to + first, data.data(), length - first);
  };
  // The kernel publishes data_head after the data (perf_event_mmap_page in linux/perf_event.h).
  const std::uint64_t head = std::atomic_ref(control->data_head).load(std::memory_order_acquire);
  std::uint64_t tail = control->data_tail;
  std::vector<std::byte> record;
  while (head - tail >= sizeof(perf_event_header)) {
    perf_event_header header{};
    copy_out(tail, reinterpret_cast<std::byte*>(&header), sizeof header);
    if (header.size < sizeof header || header.size > head - tail) break;
    record.resize(header.size);
    copy_out(tail, record.data(), record.size());
    each(record);
    tail += header.size;
  }
  const bool was_full = data.size() - (head - control->data_tail) < longest_record;
  std::atomic_ref(control->data_tail).store(head, std::memory_order_release);
  return was_full;
}

}  // namespace sdt::proc
