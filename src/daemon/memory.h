// The daemon's state where its successor finds it.
//
// Purpose:   puts what the engine knows, and every kernel object that goes with it, where they
//            outlive this process.
// Ownership: owns the keeper and the map that the state is in.
// Thread:    the loop, but for the keeper's drop().
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "daemon/inheritance.h"
#include "daemon/keeper.h"
#include "daemon/log.h"
#include "kernel/state_map.h"

namespace sdt::daemon {

class Memory {
 public:
  Memory(std::unique_ptr<Keeper> keeper, const Log& log) : keeper_(std::move(keeper)), log_(log) {}

  /// Reads what an earlier daemon left. Without a state that can be read, everything it left is let
  /// go of.
  [[nodiscard]] std::optional<Inheritance> recall();

  /// Lets go of what the new daemon had no use for: links first, then all else, the leases of the
  /// files under them among it.
  void let_go_of_rest(Inheritance inheritance);

  /// From now on this is what the next daemon is told.
  void remember(const SavedState& state);

  /// Keeps a descriptor under a name. A failure is said once: the daemon counts on without.
  void keep(const std::string& name, int fd);
  [[nodiscard]] Keeper& keeper() { return *keeper_; }

  /// An orderly end: true when everything stays where it is for the next start.
  [[nodiscard]] bool stays() const { return keeper_->outlives_the_end(); }
  /// An orderly end: leaves nothing, unless it stays.
  void end() { keeper_->clear(); }

 private:
  void complain(const Error& error);

  std::unique_ptr<Keeper> keeper_;
  const Log& log_;
  std::optional<kernel::StateMap> map_;
  std::string map_name_;
  bool has_complained_ = false;
};

}  // namespace sdt::daemon
