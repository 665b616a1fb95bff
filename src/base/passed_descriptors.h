// Descriptors that the service manager passes at the start (sd_listen_fds(3)).
//
// Purpose:   their numbers and names. What the daemon left in the manager's keeping comes back this
//            way, and so do sockets to listen on: the names tell the two apart.
// Ownership: plain values; whoever a descriptor is meant for takes it over.
// Thread:    any; at start, before descriptors are opened that could take their numbers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sdt {

/// What the daemon itself left begins so.
inline constexpr std::string_view kept_name_prefix = "sdt-";

/// The environment's LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES; empty where there is none.
struct PassedVariables {
  std::string_view pid;
  std::string_view count;
  std::string_view names;  ///< separated by colons; empty: none has one
};
[[nodiscard]] PassedVariables passed_variables();

struct PassedDescriptor {
  int number = -1;
  std::string name;
  friend bool operator==(const PassedDescriptor&, const PassedDescriptor&) = default;
};

/// Pure. Empty when nothing is for this `pid`. Errc::invalid when the variables contradict each
/// other.
[[nodiscard]] Result<std::vector<PassedDescriptor>> passed_descriptors(
    const PassedVariables& passed, int pid);

/// Takes one over, close-on-exec.
[[nodiscard]] Result<UniqueFd> take_passed(const PassedDescriptor& passed);

}  // namespace sdt
