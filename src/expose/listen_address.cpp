#include "expose/listen_address.h"

#include <charconv>
#include <system_error>

#include <fmt/format.h>

namespace sdt::expose {
namespace {

auto malformed(const std::string& text, const char* why) {
  return fail(Errc::invalid,
              fmt::format("listen address \"{}\": {}; write host:port, [::1]:port, or "
                          ":port for every address",
                          text, why));
}

bool parse_port(const std::string& text, std::uint16_t& port) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  return error == std::errc{} && stop == end;
}

}  // namespace

Result<ListenAddress> parse_listen_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return malformed(text, "there is no port");
  ListenAddress address;
  if (!parse_port(text.substr(colon + 1), address.port)) {
    return malformed(text, "the port is not a number from 0 to 65535");
  }
  address.host = text.substr(0, colon);
  if (address.host.starts_with('[') != address.host.ends_with(']')) {
    return malformed(text, "a bracket is missing");
  }
  if (address.host.starts_with('[')) {
    address.host = address.host.substr(1, address.host.size() - 2);
    if (address.host.empty()) return malformed(text, "there is nothing between the brackets");
  } else if (address.host.find(':') != std::string::npos) {
    return malformed(text, "an IPv6 address needs brackets");
  }
  return address;
}

}  // namespace sdt::expose
