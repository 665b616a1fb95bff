// Somebody who looks on while the daemon works, in its own process.
//
// Purpose:   what `watch` is to the supervisor. With an onlooker nothing is served, and nothing is
//            kept for a next daemon or said to the service manager.
// Ownership: none; must outlive the run.
// Thread:    the loop.
#pragma once

#include <chrono>
#include <functional>

#include <boost/asio/io_context.hpp>

namespace sdt::daemon {

class Engine;

class Onlooker {
 public:
  Onlooker() = default;
  Onlooker(const Onlooker&) = delete;
  Onlooker& operator=(const Onlooker&) = delete;
  virtual ~Onlooker() = default;

  /// Once it is sure that the kernel allows it, before anything is attached. `stop` ends the run.
  virtual void begin(boost::asio::io_context& loop, std::function<void()> stop) = 0;
  /// After every drain by the timer; before the first one all processes were looked at.
  virtual void drained(const Engine& engine, std::chrono::steady_clock::time_point now) = 0;
  /// The last call: what is left to do is to detach.
  virtual void ending() = 0;
};

}  // namespace sdt::daemon
