// A shared library that nobody compiled: made in memory, laid out as libstapsdt lays out its own.
//
// Purpose:   probes with names and argument declarations of the caller's choosing, at run time. Two
//            PT_LOADs, R-X and RW-; a stub of five bytes for each probe, one after the other, each
//            a global function; a .note.stapsdt that is not ALLOC and that no PT_NOTE leads to; no
//            semaphores.
// Ownership: `make_library` returns the file's bytes; nothing is kept.
// Thread:    any; pure.
#pragma once

#include <string>
#include <vector>

namespace provider {

struct Probe {
  std::string name;
  std::vector<std::string> sizes;  ///< as declared, "-8" or "4"; the i-th is in the i-th register
};

/// At most six arguments: those that the x86-64 calling convention passes in registers.
constexpr std::size_t most_arguments = 6;

[[nodiscard]] std::string make_library(const std::string& provider,
                                       const std::vector<Probe>& probes);

}  // namespace provider
