// Follows every process of the machine without asking for it.
//
// Purpose:   the records of all CPUs as one stream in the order of their times.
// Ownership: owns a perf ring for each online CPU; the io_context must outlive it.
// Thread:    the loop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/result.h"
#include "proc/record.h"

namespace boost::asio {
class io_context;
}

namespace sdt::proc {

class Watcher final : public RecordSource {
 public:
  /// After quiet the first record is told at once. Then nobody is woken for so long, doubling for
  /// as long as records keep coming: a wake-up for each would cost more than the work.
  static constexpr std::chrono::milliseconds shortest_pace{2};
  static constexpr std::chrono::milliseconds longest_pace{8};

  /// Errors: Errc::permission, with what it takes.
  [[nodiscard]] static Result<std::unique_ptr<Watcher>> open(boost::asio::io_context& loop);
  ~Watcher() override;

  [[nodiscard]] Batch take() override;

  /// Calls this on the loop whenever records may be there to take.
  void notify(std::function<void()> on_records);

  /// Follows CPUs that came and lets go of those that went. Records of a CPU between its coming and
  /// this call are missing: the next batch says so.
  void refresh_cpus();

 private:
  struct State;
  explicit Watcher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sdt::proc
