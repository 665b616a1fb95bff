// One client of the HTTP server.
//
// Purpose:   TLS or none, request after request: read, ask for the password, answer, write, each
//            under its limit. Only for http_server.cpp and connection.cpp: it brings Asio along.
// Ownership: owns its socket, and shares what all connections of a server share.
// Thread:    the loop.
#pragma once

#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "expose/http_message.h"
#include "expose/password_cache.h"
#include "expose/password_worker.h"
#include "expose/routes.h"
#include "expose/server_limits.h"
#include "expose/web_config_file.h"

namespace sdt::expose {

/// What the connections of a server share.
struct ServerState {
  ServerState(boost::asio::io_context& io, ServerLimits server_limits)
      : loop(io), limits(server_limits), open_to_all(std::make_shared<const WebPolicy>()) {}

  boost::asio::io_context& loop;
  const ServerLimits limits;
  const std::shared_ptr<const WebPolicy> open_to_all;  ///< without a web config
  Routes routes;
  std::shared_ptr<WebConfigFile> web;  ///< null: plain HTTP, nobody is asked
  PasswordCache passwords;
  PasswordWorker password_worker;
  DroppedConnections dropped;
  bool closed = false;

  [[nodiscard]] std::shared_ptr<const WebPolicy> policy();
};

class Connection {
 public:
  Connection(std::shared_ptr<ServerState> state, boost::asio::ip::tcp::socket socket);

  /// Until the client or a limit ends it.
  static boost::asio::awaitable<void> run(std::shared_ptr<Connection> self);
  void close() { tcp_.close(); }

 private:
  using Tls = boost::asio::ssl::stream<boost::beast::tcp_stream&>;

  boost::asio::awaitable<bool> shake_hands(std::shared_ptr<TlsContext> context);
  template <class Stream>
  boost::asio::awaitable<void> serve(Stream& stream);
  /// True when the connection stays open for another request.
  template <class Stream>
  boost::asio::awaitable<bool> serve_one(Stream& stream);
  template <class Stream>
  boost::asio::awaitable<bool> wait_for_request(Stream& stream);
  boost::asio::awaitable<bool> is_let_in(const WebPolicy& policy, const MessageHeader& header);
  template <class Stream>
  boost::asio::awaitable<bool> write(Stream& stream, Message message, bool head_only);
  boost::asio::awaitable<void> linger();

  std::shared_ptr<ServerState> state_;
  boost::beast::tcp_stream tcp_;
  std::shared_ptr<TlsContext> tls_context_;
  std::optional<Tls> tls_;
  boost::beast::flat_buffer buffer_;
  bool is_first_ = true;
};

}  // namespace sdt::expose
