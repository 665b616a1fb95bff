// What this process may ask of the kernel.
//
// Purpose:   name each capability that is missing, and what cannot be done without it, before the
//            kernel says a bare "operation not permitted".
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace sdt::kernel {

/// Bit n is the capability with that number in linux/capability.h.
using CapabilitySet = std::uint64_t;

/// The effective capabilities of this thread.
[[nodiscard]] Result<CapabilitySet> own_capabilities();

struct MissingCapability {
  std::string name;        ///< CAP_BPF
  std::string needed_for;  ///< what does not work without it
  bool stops_all = false;  ///< nothing at all can be attached
};

/// What a daemon with these capabilities lacks, in the order of docs/kernel.md. Where CAP_SYS_ADMIN
/// stands in for another one, that one is not missing.
[[nodiscard]] std::vector<MissingCapability> missing_capabilities(CapabilitySet own,
                                                                  bool uprobe_multi);

}  // namespace sdt::kernel
