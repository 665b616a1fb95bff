// What --web.listen-address takes.
//
// Purpose:   "host:port" as host and port.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace sdt::expose {

struct ListenAddress {
  std::string host;  ///< without the brackets of an IPv6 address; empty: every address
  std::uint16_t port = 0;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// "host:port", "1.2.3.4:port", "[::1]:port", ":port". Errc::invalid says what would be right.
[[nodiscard]] Result<ListenAddress> parse_listen_address(const std::string& text);

}  // namespace sdt::expose
