// The records of one CPU.
//
// Purpose:   a perf event that counts nothing and reports every fork, exec, exit and mapping, and
//            its ring.
// Ownership: owns the descriptor and the mapped ring.
// Thread:    one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sdt::proc {

class PerfRing {
 public:
  /// `data_pages` is a power of two. Errors: Errc::permission (CAP_PERFMON, or
  /// kernel.perf_event_paranoid below 1), Errc::gone (the CPU is not online).
  [[nodiscard]] static Result<PerfRing> open(unsigned cpu, std::size_t data_pages = 64);

  PerfRing(PerfRing&& from) noexcept;
  PerfRing& operator=(PerfRing&&) = delete;
  PerfRing(const PerfRing&) = delete;
  PerfRing& operator=(const PerfRing&) = delete;
  ~PerfRing();

  /// Calls `each` with every record that is there, whole and in order, and makes room for others.
  /// True: there was no room for a long record, so that some may be missing. The ring itself says
  /// so only with the first record after.
  bool read(const std::function<void(std::span<const std::byte>)>& each);

  /// Becomes readable when records come.
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] unsigned cpu() const { return cpu_; }

 private:
  PerfRing(UniqueFd fd, void* memory, std::size_t size, unsigned cpu)
      : fd_(std::move(fd)), memory_(memory), size_(size), cpu_(cpu) {}

  UniqueFd fd_;
  void* memory_ = nullptr;
  std::size_t size_ = 0;  ///< of the mapping, with the control page in front
  unsigned cpu_ = 0;
};

}  // namespace sdt::proc
