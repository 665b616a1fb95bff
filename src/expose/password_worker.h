// Passwords against their hashes, in a thread of their own.
//
// Purpose:   bcrypt is slow by design; the loop, where BPF maps are drained, must not wait for it.
//            One check at a time: guessing costs one core at most.
// Ownership: owns its thread, which is not there before the first check.
// Thread:    check and stop: the loop. `done` runs in the worker's thread, or in that of stop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace sdt::expose {

class PasswordWorker {
 public:
  using Done = std::function<void(bool matches)>;

  PasswordWorker() = default;
  PasswordWorker(const PasswordWorker&) = delete;
  PasswordWorker& operator=(const PasswordWorker&) = delete;
  ~PasswordWorker() { stop(); }

  void check(std::string hash, std::string password, Done done);

  /// Waits for the check that runs; the others, and any later one, match nothing at once.
  void stop();

 private:
  struct Job {
    std::string hash;
    std::string password;
    Done done;
  };
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sdt::expose
