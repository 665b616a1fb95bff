// Reading whole BPF maps.
//
// Purpose:   batch lookups (0.5 µs an entry instead of 3 µs one by one), with per-CPU words made
//            one on the way.
// Ownership: none; descriptors are the caller's.
// Thread:    the loop; blocking for the length of the copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"

namespace sdt::kernel {

struct HashShape {
  std::size_t key_size = 0;
  std::size_t value_size = 0;  ///< bytes, a multiple of 8
  std::size_t copies = 1;      ///< possible CPUs for a per-CPU map, else 1
  std::size_t added = value_size / sizeof(std::uint64_t);  ///< words to add up; see added_words()
};

/// Calls `each` with every key and its words: of the copies, the sum or the largest.
[[nodiscard]] Status read_hash(
    int map_fd, const HashShape& shape,
    const std::function<void(std::span<const std::byte> key, std::span<const std::uint64_t> words)>&
        each);

/// The 8-byte entries 0 … count-1 of a per-CPU array, each added up over the CPUs.
[[nodiscard]] Result<std::vector<std::uint64_t>> read_per_cpu_counters(int map_fd,
                                                                       std::size_t count,
                                                                       std::size_t possible_cpus);

}  // namespace sdt::kernel
