// What is known of the ELF files that processes map.
//
// Purpose:   read each file's probes once for its (device, inode), however many processes map it,
// and forget it with the last. Ownership: owns the parsed probes; holds no file open, so that no
// mount is kept busy. Thread:    the loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
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
};

class Catalog {
 public:
  explicit Catalog(const proc::Procfs& procfs) : procfs_(procfs) {}

  /// Reads the file the first time it is asked for. The reference lives until retain() drops the
  /// file.
  [[nodiscard]] const CatalogEntry& get(const MappedBy& where);

  /// Forgets every file but these.
  void retain(const std::set<proc::FileId>& files);

 private:
  [[nodiscard]] CatalogEntry read(const MappedBy& where) const;

  const proc::Procfs& procfs_;
  std::map<proc::FileId, CatalogEntry> entries_;
};

}  // namespace sdt::daemon
