// The daemon as a service: what the service manager hears, and when.
//
// Purpose:   ready, a line of status, reloads and the end, over a Notifier; and the watchdog, which
//            is fed only while whoever is asked says that all is well. Without a manager every call
//            does nothing.
// Ownership: owns its socket and its timer; the loop and the log must outlive it.
// Thread:    the loop.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/log.h"
#include "daemon/notify.h"
#include "metrics/self.h"

namespace sdt::daemon {

class Service {
 public:
  /// What a manager puts into the environment; null where it put nothing.
  struct Environment {
    const char* notify_socket = nullptr;
    const char* watchdog_usec = nullptr;
    const char* watchdog_pid = nullptr;
  };
  [[nodiscard]] static Environment environment();

  Service(boost::asio::io_context& loop, const Environment& environment, const Log& log);

  [[nodiscard]] bool has_manager() const { return notifier_.is_heard(); }
  /// After start(), and after each reload.
  void ready() { report(notifier_.ready()); }
  void reloading(std::chrono::steady_clock::time_point now) { report(notifier_.reloading(now)); }
  void stopping();
  /// The end takes a while; the manager waits for as long as it goes on.
  void detaching(std::size_t sites_left);
  /// Said when it is another than before.
  void status(const std::string& text);

  /// How often the manager wants a sign of life; none when it does not.
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }
  /// Asks twice in the watchdog's interval, and feeds it when the answer is yes.
  void keep_alive_while(std::function<bool()> is_well);

 private:
  void report(const Status& said);
  void feed();

  const Log& log_;
  Notifier notifier_;
  std::optional<std::chrono::microseconds> watchdog_;
  boost::asio::steady_timer timer_;
  std::function<bool()> is_well_;
  bool was_well_ = true;
  std::string status_;
  std::string problem_;  ///< that was logged last
};

/// One line: what is counted, of how many.
[[nodiscard]] std::string status_text(const metrics::SelfMetrics& self);

}  // namespace sdt::daemon
