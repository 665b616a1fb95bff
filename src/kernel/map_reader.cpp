#include "kernel/map_reader.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>

namespace sdt::kernel {
namespace {

constexpr std::uint32_t first_batch = 512;

/// Makes one run of words of all copies' runs: sums, and from `added` on the largest.
void merge(std::span<const std::uint64_t> copies, std::size_t added,
           std::span<std::uint64_t> merged) {
  std::ranges::fill(merged, 0);
  for (std::size_t i = 0; i < copies.size(); ++i) {
    std::uint64_t& word = merged[i % merged.size()];
    word = i % merged.size() < added ? word + copies[i] : std::max(word, copies[i]);
  }
}

}  // namespace

Status read_hash(
    int map_fd, const HashShape& shape,
    const std::function<void(std::span<const std::byte>, std::span<const std::uint64_t>)>& each) {
  const std::size_t words = shape.value_size / sizeof(std::uint64_t);
  const std::size_t words_per_key = words * shape.copies;
  std::uint32_t capacity = first_batch;
  std::vector<std::byte> keys(capacity * shape.key_size);
  std::vector<std::uint64_t> values(capacity * words_per_key);
  std::vector<std::uint64_t> merged(words);
  // The kernel's cursor is a bucket number for hashes; it writes at most a key's size or 4 bytes.
  std::vector<std::byte> cursor(std::max<std::size_t>(shape.key_size, 8));
  bool started = false;
  for (;;) {
    std::uint32_t count = capacity;
    const int error = bpf_map_lookup_batch(map_fd, started ? cursor.data() : nullptr, cursor.data(),
                                           keys.data(), values.data(), &count, nullptr);
    if (error == -ENOSPC) {
      // One bucket holds more entries than fit: nothing was copied of it, ask again with more room.
      capacity *= 2;
      keys.resize(capacity * shape.key_size);
      values.resize(capacity * words_per_key);
      continue;
    }
    if (error != 0 && error != -ENOENT) return fail_errno(-error, "reading a BPF map");
    for (std::uint32_t i = 0; i < count; ++i) {
      merge(std::span(values).subspan(i * words_per_key, words_per_key), shape.added, merged);
      each(std::span(keys).subspan(i * shape.key_size, shape.key_size), merged);
    }
    if (error == -ENOENT) return {};
    started = true;
  }
}

Result<std::vector<std::uint64_t>> read_per_cpu_counters(int map_fd, std::size_t count,
                                                         std::size_t possible_cpus) {
  std::vector<std::uint64_t> totals(count);
  std::vector<std::uint64_t> copies(possible_cpus);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (bpf_map_lookup_elem(map_fd, &i, copies.data()) != 0)
      return fail_errno(errno, "reading BPF counters");
    for (const std::uint64_t copy : copies) totals[i] += copy;
  }
  return totals;
}

}  // namespace sdt::kernel
