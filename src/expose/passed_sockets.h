// Sockets that systemd passes to the daemon (sd_listen_fds(3)).
//
// Purpose:   which descriptors are listening sockets meant for the HTTP server.
// Ownership: take_passed_sockets gives them to the caller; may be called once.
// Thread:    any; at start, before descriptors are opened that could take their numbers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sdt::expose {

/// The environment's LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES; empty where there is none.
struct PassedDescriptors {
  std::string_view pid;
  std::string_view count;
  std::string_view names;  ///< separated by colons; empty: none has one
};

/// Pure: the numbers of those that are sockets to listen on. Names that begin with "sdt-" are the
/// daemon's own, for what it left in systemd's keeping. Empty when nothing is for this `pid`.
/// Errc::invalid when the variables contradict each other.
[[nodiscard]] Result<std::vector<int>> passed_sockets(const PassedDescriptors& passed, int pid);

/// Those of this process, close-on-exec. Errc::not_found, with what to do, when there is none.
[[nodiscard]] Result<std::vector<UniqueFd>> take_passed_sockets();

}  // namespace sdt::expose
