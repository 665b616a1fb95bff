#include "expose/listener.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/ip/v6_only.hpp>

#include "expose/listen_address.h"

namespace sdt::expose {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tl::unexpected<Error> listen_failure(const std::string& address, error_code error) {
  const std::string doing = fmt::format("listen on {}", address);
  const char* advice = "";
  switch (error.value()) {
    case EADDRINUSE:
      advice =
          "; `ss -ltnp` shows which process has the port: stop it, or choose another port with "
          "--web.listen-address";
      break;
    case EACCES:
      advice = "; ports below 1024 need CAP_NET_BIND_SERVICE, the default port does not";
      break;
    case EADDRNOTAVAIL:
      advice = "; no interface of this machine has this address (`ip address` lists them)";
      break;
    default:
      break;
  }
  Error failure = fail_errno(error.value(), doing).value();
  failure.message += advice;
  return tl::unexpected(std::move(failure));
}

Result<tcp::endpoint> resolve(asio::io_context& loop, const ListenAddress& address,
                              const std::string& text) {
  if (address.host.empty()) return tcp::endpoint(tcp::v6(), address.port);
  error_code error;
  const asio::ip::address literal = asio::ip::make_address(address.host, error);
  if (!error) return tcp::endpoint(literal, address.port);

  tcp::resolver resolver(loop);
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    return fail(Errc::not_found,
                fmt::format("listen on {}: no address is known for the host name {}: {}", text,
                            address.host, error.message()));
  }
  // A name may stand for several addresses; the IPv4 one is what most scrapers will use.
  for (const auto& entry : found) {
    if (entry.endpoint().address().is_v4()) return entry.endpoint();
  }
  return found.begin()->endpoint();
}

error_code open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  // A restart must not wait for the connections of the previous run to be forgotten.
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6() && endpoint.address().is_unspecified()) {
    acceptor.set_option(asio::ip::v6_only(false), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

}  // namespace

Result<tcp::acceptor> open_listener(asio::io_context& loop, const std::string& address) {
  const Result<ListenAddress> parsed = parse_listen_address(address);
  if (!parsed) return tl::unexpected(parsed.error());
  const Result<tcp::endpoint> endpoint = resolve(loop, *parsed, address);
  if (!endpoint) return tl::unexpected(endpoint.error());

  tcp::acceptor acceptor(loop);
  error_code error = open(acceptor, *endpoint);
  const bool no_ipv6 = error == asio::error::address_family_not_supported ||
                       error == boost::system::errc::address_not_available;
  if (no_ipv6 && parsed->host.empty()) {
    error_code ignored;
    acceptor.close(ignored);
    error = open(acceptor, tcp::endpoint(tcp::v4(), parsed->port));
  }
  if (error) return listen_failure(address, error);
  return acceptor;
}

Result<tcp::acceptor> adopt_listener(asio::io_context& loop, UniqueFd socket) {
  const std::string doing =
      fmt::format("listen on the socket passed as descriptor {}", socket.get());
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return fail_errno(errno, doing);
  }
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) {
    return fail(Errc::invalid, doing +
                                   ": it is not a TCP socket; give the unit a ListenStream= "
                                   "with a port");
  }
  int listens = 0;
  length = sizeof listens;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0) {
    return fail_errno(errno, doing);
  }
  if (listens == 0) {
    return fail(Errc::invalid, doing +
                                   ": it does not listen; the unit needs ListenStream= and "
                                   "Accept=no");
  }
  tcp::acceptor acceptor(loop);
  error_code error;
  acceptor.assign(address.ss_family == AF_INET ? tcp::v4() : tcp::v6(), socket.get(), error);
  if (error) return fail_errno(error.value(), doing);
  static_cast<void>(socket.release());  // the acceptor's now
  return acceptor;
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                    : fmt::format("{}:{}", host, endpoint.port());
}

}  // namespace sdt::expose
