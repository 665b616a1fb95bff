// What the kernel reports of processes.
//
// Purpose:   the records of perf_event_open(2) that say how processes come, go and map files, as
//            values.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "proc/process.h"

namespace sdt::proc {

/// A new process, or a new thread when `pid` is `parent_pid`.
struct Fork {
  std::uint32_t pid = 0;
  std::uint32_t parent_pid = 0;
  std::uint32_t tid = 0;
  std::uint32_t parent_tid = 0;
};

/// A thread has ended.
struct Exit {
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
};

/// A thread has a new name; by exec, if it is one.
struct Comm {
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  bool is_exec = false;
  std::string comm;
};

/// An executable mapping of a file.
struct Mapped {
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  Mapping mapping;
};

/// A control group of the unified hierarchy was made.
struct CgroupMade {
  std::uint64_t id = 0;
  std::string path;
};

/// The ring was full.
struct Lost {
  std::uint64_t count = 0;
};

struct Record {
  std::uint64_t time = 0;  ///< ns, CLOCK_MONOTONIC: what bpf_ktime_get_ns() gives
  std::variant<Fork, Exit, Comm, Mapped, CgroupMade, Lost> what;
};

/// Where records come from.
class RecordSource {
 public:
  struct Batch {
    std::vector<Record> records;   ///< in the order of their times
    bool lost = false;             ///< some are missing: /proc has to be looked at
    std::uint64_t lost_since = 0;  ///< none is missing that is older, ns, CLOCK_MONOTONIC
  };

  virtual ~RecordSource() = default;

  /// Everything that happened before the call and was not taken yet.
  [[nodiscard]] virtual Batch take() = 0;
};

}  // namespace sdt::proc
