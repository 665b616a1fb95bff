// Whose events are a target's.
//
// Purpose:   remember which running processes belong to a target, and of every image that fired
//            what it was, until all that it did has been added up.
// Ownership: shares the images with the process table.
// Thread:    the loop; pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/samples.h"
#include "metrics/store.h"
#include "proc/process_table.h"

namespace sdt::daemon {

using Time = std::chrono::steady_clock::time_point;

class Roster {
 public:
  struct Bound {
    proc::ImagePtr image;
    bool is_member = false;
  };

  /// A member for as long as it runs.
  void join(const proc::ImagePtr& image) { running_.insert_or_assign(image->pid, image); }
  /// True when it was one.
  bool leave(std::uint32_t pid) { return running_.erase(pid) > 0; }
  [[nodiscard]] bool is_member(const proc::ImagePtr& image) const;
  [[nodiscard]] const std::map<std::uint32_t, proc::ImagePtr>& running() const { return running_; }

  /// What fired under this key is this image's.
  void bind(const ImageKey& key, const proc::ImagePtr& image, bool is_member);
  [[nodiscard]] bool is_bound(const ImageKey& key) const { return bound_.contains(key); }
  [[nodiscard]] const std::map<ImageKey, Bound>& bound() const { return bound_; }
  /// The keys under which the image fired.
  [[nodiscard]] std::vector<ImageKey> keys_of(const proc::ImagePtr& image) const;

  /// What the series need to know; nullopt for keys that are not bound.
  [[nodiscard]] std::optional<metrics::ProcessView> view(const ImageKey& key) const;

  /// Lets go of images that ended before this and returns their keys.
  [[nodiscard]] std::vector<ImageKey> forget_ended_before(Time time);

 private:
  std::map<std::uint32_t, proc::ImagePtr> running_;
  std::map<ImageKey, Bound> bound_;
};

/// The two clocks are one: both are CLOCK_MONOTONIC.
[[nodiscard]] inline Time to_time(std::uint64_t monotonic_nanoseconds) {
  return Time(std::chrono::nanoseconds(static_cast<std::int64_t>(monotonic_nanoseconds)));
}
[[nodiscard]] inline std::uint64_t to_nanoseconds(Time time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

}  // namespace sdt::daemon
