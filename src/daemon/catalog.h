// What is known of the ELF files that processes map.
//
// Purpose:   tell files apart by what they are, and read each one's probes once, however many
//            processes and containers map it.
// Ownership: owns the parsed probes; holds no file open, so that no mount is kept busy.
// Thread:    the loop.
#pragma once

#include <sys/stat.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "daemon/file_guard.h"
#include "elf/probes.h"
#include "proc/process.h"

namespace sdt::daemon {

struct CatalogEntry {
  std::string path;                              ///< as it was first seen
  std::shared_ptr<const elf::ProbeFile> probes;  ///< null when the file could not be read
  Error problem;           ///< why; Errc::unsupported for files that are simply not ELF
  struct stat read_as {};  ///< size and times when it was read
};

class Catalog {
 public:
  /// The name under which an open file is known here. Containers of one image see one file of the
  /// layer below as different files; the kernel's breakpoints go into the one below, so that
  /// attaching to each would count every event as often.
  [[nodiscard]] Result<proc::FileId> identify(int fd);

  /// What was read of the open file; null when it was not read, or has another size or other times
  /// by now. Lives until the next call of read() or retain().
  [[nodiscard]] const CatalogEntry* known(const proc::FileId& file, int fd) const;
  /// What was read of the file, whatever it may be by now.
  [[nodiscard]] const CatalogEntry* known(const proc::FileId& file) const;

  /// Reads a file that nobody can rewrite meanwhile.
  const CatalogEntry& read(const proc::FileId& file, const FileGuard& guard,
                           const std::string& path);

  /// Forgets every file but these.
  void retain(const std::set<proc::FileId>& files);

 private:
  std::map<proc::FileId, CatalogEntry> entries_;
  /// Of files on overlayfs: the first one seen of each, by what tells the file below.
  std::map<std::string, proc::FileId> by_handle_;
};

}  // namespace sdt::daemon
