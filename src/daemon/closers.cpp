#include "daemon/closers.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <future>
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

void close_all(const std::vector<plan::Link*>& links, const Progress& progress) {
  constexpr std::chrono::milliseconds pause{250};
  std::future<void> closed;
  try {
    closed = std::async(std::launch::async, [&links] { close_all(links); });
  } catch (const std::system_error&) {
    return close_all(links);
  }
  while (closed.wait_for(pause) != std::future_status::ready) {
    std::size_t left = 0;
    for (const plan::Link* link : links) left += link->sites_left();
    progress(left);
  }
}

}  // namespace sdt::daemon
