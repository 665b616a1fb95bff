// Keeps a traced file from being rewritten under its uprobes.
//
// Purpose:   the kernel puts a breakpoint where the file's old content had a probe; in a file that
//            was rewritten in place it lands in the middle of other code, and the next program that
//            runs it computes nonsense. A read lease makes whoever opens the file for writing wait
//            until we have detached (fcntl(2), "Leases"; after /proc/sys/fs/lease-break-time, 45 s,
//            the kernel lets the writer through).
// Ownership: a guard owns the open file and what protects it; Watches must outlive its guards.
// Thread:    the loop. A lease that is asked back is told by SIGIO, whose default action ends the
//            process: whoever takes guards handles it, and then asks is_broken().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sdt::daemon {

/// Where leases are not to be had: inotify tells of a change, after the fact.
class Watches {
 public:
  Watches();

  /// Readable when a watched file was modified; -1: the system has no inotify to give.
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// Takes note of what was modified.
  void read_events();

 private:
  friend class FileGuard;
  [[nodiscard]] Result<int> add(int file);
  void remove(int watch);
  [[nodiscard]] bool is_modified(int watch) const { return modified_.contains(watch); }

  UniqueFd fd_;
  std::map<int, unsigned> users_;  ///< guards of each watch: one inode has one watch
  std::set<int> modified_;
};

class FileGuard {
 public:
  enum class Kind : std::uint8_t {
    lease,  ///< a writer waits
    watch,  ///< a change is noticed, afterwards
    none,   ///< neither is to be had
  };

  /// Errors: Errc::busy when somebody has the file open for writing right now. A file without a
  /// name may stay open for ever and is watched instead. So is a memfd, whose maker the kernel does
  /// not count as a writer: it would grant a lease that keeps nobody waiting.
  [[nodiscard]] static Result<FileGuard> take(UniqueFd file, const std::string& path,
                                              Watches& watches);

  /// What changes with the content.
  struct Version {
    std::int64_t size = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const Version&) const = default;
  };
  [[nodiscard]] static Version version_of(int fd);

  /// Whether a lease that was taken through this open file, by whichever process, still holds.
  [[nodiscard]] static bool is_leased(int fd);

  /// Leaves the lease in force, for whoever else has the open file.
  void leave() { kind_ = Kind::none; }

  FileGuard(FileGuard&& from) noexcept;
  FileGuard& operator=(FileGuard&&) = delete;
  FileGuard(const FileGuard&) = delete;
  FileGuard& operator=(const FileGuard&) = delete;
  /// Lets a waiting writer go on.
  ~FileGuard();

  /// A writer waits, or has been seen: detach, then drop the guard. Not every write to a watched
  /// file is reported: ask now and then.
  [[nodiscard]] bool is_broken() const;
  [[nodiscard]] int fd() const { return file_.get(); }
  [[nodiscard]] Kind kind() const { return kind_; }
  /// Why it is no lease; empty when it is one.
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  FileGuard(UniqueFd file, Watches& watches) : file_(std::move(file)), watches_(&watches) {}

  void watch_instead(std::string reason);

  UniqueFd file_;
  Version version_;
  Watches* watches_;
  Kind kind_ = Kind::none;
  int watch_ = -1;
  std::string reason_;
};

}  // namespace sdt::daemon
