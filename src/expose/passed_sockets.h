// Sockets that systemd passes to the daemon.
//
// Purpose:   those of the passed descriptors that are to be listened on.
// Ownership: gives them to the caller; may be called once.
// Thread:    any; at start, before descriptors are opened that could take their numbers.
#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sdt::expose {

/// All but what the daemon itself left in systemd's keeping. Errc::not_found, with what to do, when
/// there is none.
[[nodiscard]] Result<std::vector<UniqueFd>> take_passed_sockets();

}  // namespace sdt::expose
