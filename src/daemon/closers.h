// Closes many links in the time of a few.
//
// Purpose:   the kernel waits some 60 ms for each link that is closed, and waits for many at once
//            as long as for one: a target with 300 metrics would hold its file for 18 s.
// Ownership: borrows the links; they are closed, not destroyed.
// Thread:    any; starts threads of its own and joins them.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "plan/backend.h"

namespace sdt::daemon {

/// Closes the links side by side and returns once all are closed.
void close_all(const std::vector<plan::Link*>& links);

/// How many sites are attached still.
using Progress = std::function<void(std::size_t sites_left)>;
/// The same, and tells the caller's thread how far it is, a few times a second.
void close_all(const std::vector<plan::Link*>& links, const Progress& progress);

}  // namespace sdt::daemon
