#include "daemon/closers.h"

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <thread>

namespace sdt::daemon {

void close_all(const std::vector<plan::Link*>& links) {
  constexpr std::size_t most_threads = 32;
  const std::size_t count = std::min(links.size(), most_threads);
  const auto close_every = [&](std::size_t first) {
    for (std::size_t i = first; i < links.size(); i += count) links[i]->close();
  };
  std::vector<std::jthread> closers;
  std::size_t next = 1;
  try {
    for (; next < count; ++next) closers.emplace_back(close_every, next);
  } catch (const std::system_error&) {
    // No more threads to be had: the rest is closed here, one after the other.
    for (; next < count; ++next) close_every(next);
  }
  if (count > 0) close_every(0);
}  // waits for them

}  // namespace sdt::daemon
