#include "expose/passed_sockets.h"

#include <unistd.h>

#include <utility>

#include "base/passed_descriptors.h"

namespace sdt::expose {

Result<std::vector<UniqueFd>> take_passed_sockets() {
  const auto passed = passed_descriptors(passed_variables(), ::getpid());
  if (!passed) return tl::unexpected(passed.error());
  std::vector<UniqueFd> sockets;
  for (const PassedDescriptor& one : *passed) {
    if (one.name.starts_with(kept_name_prefix)) continue;
    auto socket = take_passed(one);
    if (!socket) return tl::unexpected(std::move(socket).error());
    sockets.push_back(std::move(*socket));
  }
  if (!sockets.empty()) return sockets;
  return fail(Errc::not_found,
              "--web.systemd-socket: no socket was passed; start the service through its .socket "
              "unit, or listen with --web.listen-address instead");
}

}  // namespace sdt::expose
