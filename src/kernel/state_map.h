// Bytes that outlive the process which wrote them.
//
// Purpose:   a BPF array of two slots as a place for the daemon's own state: kept, like programs
//            and links, by whoever holds a copy of its descriptor. The slots are written in turn,
//            each with its number and a checksum, so that a death in the middle of writing leaves
//            the one before.
// Ownership: owns the map's descriptor.
// Thread:    the loop.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sdt::kernel {

class StateMap {
 public:
  /// With room for so many bytes and, from the start, nothing in it.
  [[nodiscard]] static Result<StateMap> create(std::size_t capacity);
  /// One that was created by an earlier run. Errc::invalid when it is none, or holds nothing.
  [[nodiscard]] static Result<StateMap> open(UniqueFd map);

  /// Errc::exhausted when the bytes do not fit: make a larger one.
  [[nodiscard]] Status write(const std::string& bytes);
  /// What was written last.
  [[nodiscard]] const std::string& latest() const { return latest_; }
  /// How often was written, over all maps that took each other's place.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  /// Goes on counting where another map stopped.
  void follow(const StateMap& other) { number_ = other.number_; }

  [[nodiscard]] int fd() const { return map_.get(); }

 private:
  StateMap(UniqueFd map, std::size_t capacity) : map_(std::move(map)), capacity_(capacity) {}

  UniqueFd map_;
  std::size_t capacity_;
  std::uint64_t number_ = 0;
  std::string latest_;  ///< of a map that was opened
};

}  // namespace sdt::kernel
