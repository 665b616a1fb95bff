// Who holds the kernel's objects while no daemon runs.
//
// Purpose:   a link, a program or a lease lives as long as somebody has its descriptor. What is put
//            here is there when the next daemon starts: after a crash, kill -9 or an upgrade.
// Ownership: keeps copies; descriptors that are passed in stay the caller's.
// Thread:    put() on the loop; drop() on any: detaching waits for it on threads of its own.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/notify.h"

namespace sdt::daemon {

class Keeper {
 public:
  Keeper() = default;
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  virtual ~Keeper() = default;

  /// False for objects that only live as open files (leases), where those cannot be kept.
  [[nodiscard]] virtual bool keeps_files() const = 0;
  /// True when an orderly end, too, leaves everything to the next start. Else the end lets go.
  [[nodiscard]] virtual bool outlives_the_end() const = 0;

  [[nodiscard]] virtual Status put(const std::string& name, int fd) = 0;
  /// Returns when the copy is closed, or is known not to be.
  [[nodiscard]] virtual Status drop(const std::string& name) = 0;
  /// The same without waiting for it.
  [[nodiscard]] virtual Status let_go(const std::string& name) = 0;
  /// What an earlier daemon left, by name. Once, at the start.
  [[nodiscard]] virtual Result<std::map<std::string, UniqueFd>> left_behind() const = 0;
  /// An orderly end that leaves nothing.
  virtual void clear() = 0;
};

/// systemd's file descriptor store: FileDescriptorStoreMax= in the unit. It keeps everything, and
/// lets go when the service is stopped for good.
class StoreKeeper final : public Keeper {
 public:
  explicit StoreKeeper(Notifier notifier) : notifier_(std::move(notifier)) {}

  [[nodiscard]] bool keeps_files() const override { return true; }
  [[nodiscard]] bool outlives_the_end() const override { return true; }
  [[nodiscard]] Status put(const std::string& name, int fd) override;
  [[nodiscard]] Status drop(const std::string& name) override;
  [[nodiscard]] Status let_go(const std::string& name) override;
  [[nodiscard]] Result<std::map<std::string, UniqueFd>> left_behind() const override;
  void clear() override {}  // the manager's to do, once it knows that the service is to stay down

 private:
  std::mutex mutex_;  ///< one message after the other
  Notifier notifier_;
};

/// A directory of a BPF file system, for containers. It keeps programs, maps and links; a file
/// whose lease is gone with the daemon may be rewritten while nobody runs, so that links are kept
/// only as long as the files under them are the same.
class PinKeeper final : public Keeper {
 public:
  /// Errors: Errc::invalid when the directory is in no BPF file system.
  [[nodiscard]] static Result<std::unique_ptr<PinKeeper>> open(const std::string& directory);

  [[nodiscard]] bool keeps_files() const override { return false; }
  [[nodiscard]] bool outlives_the_end() const override { return false; }
  [[nodiscard]] Status put(const std::string& name, int fd) override;
  [[nodiscard]] Status drop(const std::string& name) override;
  [[nodiscard]] Status let_go(const std::string& name) override { return drop(name); }
  [[nodiscard]] Result<std::map<std::string, UniqueFd>> left_behind() const override;
  void clear() override;

 private:
  explicit PinKeeper(std::string directory) : directory_(std::move(directory)) {}

  std::string directory_;
};

/// Who keeps the links and counts while no daemon runs: the directory of a BPF file system when one
/// is named, else the service manager; null when there is neither.
[[nodiscard]] Result<std::unique_ptr<Keeper>> find_keeper(const std::string& directory);

}  // namespace sdt::daemon
