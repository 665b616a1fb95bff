// Parsers of /proc files (formats: proc(5)).
//
// Purpose:   pure functions from text to values, so that odd names (blanks, brackets, newlines as
//            \012) are tests and not surprises.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proc/process.h"

namespace sdt::proc {

struct Stat {
  std::string comm;
  char state = '?';
  std::uint32_t parent = 0;
  std::uint64_t start_ticks = 0;
  bool kernel_thread = false;  ///< PF_KTHREAD in the flags
  std::uint32_t threads = 0;
};

/// /proc/PID/stat. The comm may hold anything, closing brackets and newlines included. nullopt when
/// malformed.
[[nodiscard]] std::optional<Stat> parse_stat(std::string_view text);

/// /proc/PID/maps, executable mappings of files only ([vdso], anonymous and non-executable ones are
/// left out, as are device memory and System V segments; memfds stay). The kernel's escape \012 is
/// undone in paths; it knows no other here. Malformed lines are left out.
[[nodiscard]] std::vector<Mapping> parse_maps(std::string_view text);

/// Takes a path as the kernel reports it, without its mark for deleted files.
void set_mapping_path(Mapping& mapping, std::string path);

/// False for device memory, System V segments and the kernel's own objects, which have a name like
/// a file's.
[[nodiscard]] bool is_of_a_file(const Mapping& mapping);

/// "0-3,5", the form of /sys/devices/system/cpu/online. What cannot be read is left out.
[[nodiscard]] std::vector<unsigned> parse_cpu_list(std::string_view text);

/// /proc/PID/cmdline: arguments joined by blanks, without a trailing one.
[[nodiscard]] std::string parse_cmdline(std::string_view text);

/// "Uid:" of /proc/PID/status: the effective uid.
[[nodiscard]] std::optional<std::uint32_t> parse_status_uid(std::string_view text);

}  // namespace sdt::proc
