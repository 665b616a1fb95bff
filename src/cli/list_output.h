// How `list` shows what it found.
//
// Purpose:   probes as a table for people and as JSON for programs.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <string>
#include <vector>

#include "cli/style.h"
#include "elf/probes.h"

namespace sdt::cli {

struct ListedFile {
  std::string path;
  elf::ProbeFile probes;  ///< sites ordered by provider and name
};

/// A block a file, a line a site. Names are fit for a terminal: see printable().
[[nodiscard]] std::string list_as_text(const std::vector<ListedFile>& files, const Style& style);

/// One JSON document. Numbers are decimal, addresses and offsets in bytes, `semaphore_offset` is 0
/// where the probe has none, `reason` is there where `kind` is "unavailable", `hazard` where a
/// probe could harm the program (elf::Hazard's words):
/// {"files": [{"path", "build_id",
///             "skipped": [{"offset", "reason"}],
///             "probes": [{"provider", "name",
///                         "sites": [{"address", "offset", "semaphore_offset",
///                                    "arguments": [{"text", "size", "signed", "float",
///                                                   "kind", "reason"}],
///                                    "hazard"}]}]}]}
/// `kind` is constant, register, memory or unavailable. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string list_as_json(const std::vector<ListedFile>& files);

}  // namespace sdt::cli
