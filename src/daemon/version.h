// The version, from the one place that states it: CMakeLists.txt.
//
// Purpose:   build_info, --version and the landing page.
// Ownership: constants.
// Thread:    any.
#pragma once

namespace sdt::daemon {

inline constexpr const char* version = SDT_VERSION;

}  // namespace sdt::daemon
