// A listening socket.
//
// Purpose:   from the text of an address to a socket that accepts, or to the reason why not. Only
//            for http_server.cpp: it brings Asio along.
// Ownership: the caller owns the socket.
// Thread:    the loop. Resolving a host name blocks.
#pragma once

#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sdt::expose {

/// The port alone listens on every IPv6 and IPv4 address, or on IPv4 alone where the machine has no
/// IPv6.
[[nodiscard]] Result<boost::asio::ip::tcp::acceptor> open_listener(boost::asio::io_context& loop,
                                                                   const std::string& address);

/// A TCP socket that listens already; Errc::invalid says what it is instead.
[[nodiscard]] Result<boost::asio::ip::tcp::acceptor> adopt_listener(boost::asio::io_context& loop,
                                                                    UniqueFd socket);

/// "1.2.3.4:80", "[::1]:80".
[[nodiscard]] std::string text_of(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace sdt::expose
