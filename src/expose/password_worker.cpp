#include "expose/password_worker.h"

#include <csignal>
#include <utility>

#include "expose/basic_auth.h"

namespace sdt::expose {
namespace {

/// A thread that starts while this is there takes no signals: they are the loop's.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

void PasswordWorker::check(std::string hash, std::string password, Done done) {
  if (stopping_) return done(false);
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(hash), std::move(password), std::move(done)});
  }
  if (!thread_.joinable()) {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { work(); });
  }
  changed_.notify_one();
}

void PasswordWorker::stop() {
  std::deque<Job> forgotten;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    forgotten.swap(jobs_);
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  for (const Job& job : forgotten) job.done(false);
}

void PasswordWorker::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job.done(bcrypt_matches(job.hash, job.password));
    lock.lock();
  }
}

}  // namespace sdt::expose
