// What the service manager is told, and what it keeps for us.
//
// Purpose:   the protocol of sd_notify(3), spoken to the socket that NOTIFY_SOCKET names: lines of
//            text in a datagram, with descriptors where the manager is to hold them.
// Ownership: owns its socket. Descriptors that are sent stay the caller's; the manager gets copies.
// Thread:    any, one at a time. A manager that does not read its socket holds a call up for a
//            second at most, then the message fails with Errc::busy; barrier() waits as it is told.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sdt::daemon {

class Notifier {
 public:
  /// SCM_MAX_FD of the kernel: what one datagram can carry.
  static constexpr std::size_t max_descriptors = 253;

  /// Nobody listens: every message succeeds and goes nowhere.
  Notifier() = default;

  /// `address` as in NOTIFY_SOCKET: a path, or an abstract name after '@'; null or empty when no
  /// manager listens. Errors: Errc::unsupported for any other kind of address.
  [[nodiscard]] static Result<Notifier> open(const char* address);

  [[nodiscard]] bool is_heard() const { return socket_.valid(); }

  /// Started, or done with a reload.
  [[nodiscard]] Status ready() const { return send("READY=1"); }
  /// One line for `systemctl status`.
  [[nodiscard]] Status status(std::string_view text) const;
  [[nodiscard]] Status stopping() const { return send("STOPPING=1"); }
  /// An end, or a start, that takes longer than the manager would wait: it waits so long from now.
  [[nodiscard]] Status extend_timeout(std::chrono::microseconds by) const;
  /// ready() must follow. The manager compares `now` with when it asked.
  [[nodiscard]] Status reloading(std::chrono::steady_clock::time_point now) const;
  [[nodiscard]] Status watchdog() const { return send("WATCHDOG=1"); }

  /// Waits until the manager has worked off everything sent so far. Errors: Errc::busy, not within
  /// `limit`.
  [[nodiscard]] Status barrier(std::chrono::milliseconds limit) const;

  /// Gives the manager copies of `descriptors` to hold past our end, under one name, in as many
  /// messages as it takes. It hands them to the next start. What it has no room for
  /// (FileDescriptorStoreMax) it closes without a word. Errors: Errc::invalid for a name that the
  /// manager would not take: 1 to 255 printable ASCII characters without ':'.
  [[nodiscard]] Status store(std::string_view name, std::span<const int> descriptors) const;
  /// Has the manager close everything it holds under the name; done after a barrier().
  [[nodiscard]] Status remove(std::string_view name) const;

 private:
  [[nodiscard]] Status send(const std::string& text, std::span<const int> descriptors = {}) const;

  UniqueFd socket_;
  std::string address_;  ///< as the kernel wants it: an abstract one begins with a zero byte
};

/// How often the manager wants to hear watchdog(), from the texts of WATCHDOG_USEC and
/// WATCHDOG_PID (null when unset). None when it does not, or means another process than `self`.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval(const char* usec,
                                                                         const char* pid,
                                                                         pid_t self);

}  // namespace sdt::daemon
