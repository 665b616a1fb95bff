// The static probes of one ELF file.
//
// Purpose:   `.note.stapsdt` and what it takes to attach to it: file offsets of the probe points
//            and of their semaphores, decoded arguments. Sections are walked by their headers,
//            because libstapsdt writes the note section without a PT_NOTE segment.
// Ownership: plain values; nothing refers to the bytes afterwards.
// Thread:    any; pure over bytes that may be hostile: every read is bounds-checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "elf/argument.h"
#include "elf/hazard.h"

namespace sdt::elf {

/// One probe point. A probe of one name has as many sites as the compiler made copies of its code.
struct Site {
  std::string provider;
  std::string name;
  std::uint64_t address = 0;  ///< virtual address in the file, after the base shift (prelink)
  std::uint64_t offset = 0;   ///< in the file: what a uprobe is attached to
  std::uint64_t semaphore_offset = 0;  ///< in the file; 0: the probe has none
  std::vector<Argument> arguments;
  Hazard hazard = Hazard::none;  ///< of a probe there
};

/// A note that is damaged, or whose probe could not be attached to.
struct SkippedNote {
  std::uint64_t offset = 0;  ///< of the note in its section
  std::string reason;
  std::string provider = {};  ///< empty, as the name, when it could not be read so far
  std::string name = {};
};

struct ProbeFile {
  /// In the order of the notes; duplicates (same offset, provider and name) are dropped.
  std::vector<Site> sites;
  std::vector<SkippedNote> skipped;  ///< the first 1,000, and then how many more
  std::string build_id;              ///< hex digits; empty when the file has none
};

/// Errors: not an ELF file, another architecture or word size (Errc::unsupported), headers that
/// point outside the file (Errc::invalid). A file without probes is not an error. Time and memory
/// are bounded by the file's size, and for very large files by what real ones need:
/// 100,000 notes, a million arguments, eight million symbols, 100,000 sections.
[[nodiscard]] Result<ProbeFile> read_probes(std::span<const std::byte> file);

}  // namespace sdt::elf
