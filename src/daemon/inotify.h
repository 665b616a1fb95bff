// Reading what inotify(7) tells.
//
// Purpose:   the events of a descriptor one by one, with the names that stand behind some of them.
// Ownership: borrows the descriptor.
// Thread:    any; never blocks where the descriptor does not.
#pragma once

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace sdt::daemon {

/// Calls `take(event, name)` for each event there is; the name is empty where the event is of the
/// watched file itself.
template <class Take>
void read_inotify_events(int fd, Take take) {
  alignas(inotify_event) std::array<char, 16384> buffer;
  ssize_t length = 0;
  while ((length = read(fd, buffer.data(), buffer.size())) > 0) {
    const auto end = static_cast<std::size_t>(length);
    inotify_event event{};
    for (std::size_t at = 0; at + sizeof event <= end; at += sizeof event + event.len) {
      std::memcpy(&event, buffer.data() + at, sizeof event);
      take(event, event.len > 0 ? buffer.data() + at + sizeof event : "");
    }
  }
}

}  // namespace sdt::daemon
