// The HTTP server.
//
// Purpose:   answer GET and HEAD on a few paths, on the daemon's own loop.
// Ownership: owns its sockets; connections end with it. Must be destroyed before the io_context.
// Thread:    the loop that runs the io_context. Handlers run there as well and must not block for
//            long.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"

namespace boost::asio {
class io_context;
}

namespace sdt::expose {

struct Request {
  std::string path;    ///< without the query
  std::string query;   ///< after '?', empty without
  std::string accept;  ///< the Accept header
};

struct Response {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

using Handler = std::function<Response(const Request&)>;

struct ServerLimits {
  std::chrono::milliseconds idle_timeout{
      30'000};  ///< between requests, and for a request to arrive whole
  std::chrono::milliseconds write_timeout{30'000};  ///< for a response to be taken
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_connections = 256;
};

class HttpServer {
 public:
  HttpServer(boost::asio::io_context& loop, ServerLimits limits);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  /// Answers `path` from now on. A handler that throws is answered with 500. Unknown paths are 404,
  /// methods other than GET and HEAD 405.
  void handle(std::string path, Handler handler);

  /// "host:port", ":port", "[::]:port"; port 0 lets the kernel choose. ":port" listens on every
  /// address, IPv6 and IPv4, as Prometheus exporters do. Returns the address really listened on.
  /// Errors name the address and, for a port in use, say so (Errc::busy).
  [[nodiscard]] Result<std::string> listen(const std::string& address);

  /// Stops accepting and closes every connection.
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sdt::expose
