// What is known of the ELF files that processes map.
//
// Purpose:   read each file's probes once, however many processes and containers map it, and forget
//            it with the last.
// Ownership: owns the parsed probes; holds no file open, so that no mount is kept busy.
// Thread:    the loop.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "elf/probes.h"
#include "proc/procfs.h"

namespace sdt::daemon {

/// A file, and one process through which it can be reached.
struct MappedBy {
  std::uint32_t pid = 0;
  proc::Mapping mapping;
};

struct CatalogEntry {
  std::string path;
  std::shared_ptr<const elf::ProbeFile> probes;  ///< null when the file could not be read
  std::string problem;                           ///< why; empty for files that are simply not ELF
  bool is_final = false;   ///< false: what went wrong may go right the next time
  struct stat read_as {};  ///< size and times when it was read
};

class Catalog {
 public:
  explicit Catalog(const proc::Procfs& procfs) : procfs_(procfs) {}

  /// The name under which a file is known here. Containers of one image see one file of the layer
  /// below as different files; the kernel's breakpoints go into the one below, so that attaching to
  /// each would count every event as often.
  [[nodiscard]] proc::FileId canonical(const MappedBy& where);

  /// Reads the file the first time it is asked for, and again while that failed for a passing
  /// reason. The reference lives until the next call.
  [[nodiscard]] const CatalogEntry& get(const proc::FileId& file, const MappedBy& where);

  /// Forgets what was read when the open file has another size or time by now.
  void drop_if_changed(const proc::FileId& file, int fd);

  /// Forgets every file but these.
  void retain(const std::set<proc::FileId>& files);

 private:
  [[nodiscard]] CatalogEntry read(const MappedBy& where) const;
  [[nodiscard]] std::optional<std::string> identity(const MappedBy& where) const;

  const proc::Procfs& procfs_;
  std::map<proc::FileId, CatalogEntry> entries_;
  std::map<proc::FileId, proc::FileId> canonical_;  ///< of every mapped file that was asked for
  std::map<std::string, proc::FileId>
      by_identity_;  ///< of files on overlayfs: the first one seen of each
};

}  // namespace sdt::daemon
