// The HTTP server.
//
// Purpose:   answer requests on a few paths, on the daemon's own loop: HTTP/1.1, with TLS and users
//            where a web config asks for them. Request bodies are not taken.
// Ownership: owns its sockets; connections end with it. Must be destroyed before the io_context.
// Thread:    the loop that runs the io_context. Handlers run there as well and must not block for
//            long.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "expose/routes.h"
#include "expose/server_limits.h"
#include "metrics/snapshot.h"

namespace boost::asio {
class io_context;
}

namespace sdt::expose {

class WebConfigFile;

class HttpServer {
 public:
  HttpServer(boost::asio::io_context& loop, ServerLimits limits);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  /// Answers `path` from now on. A handler that throws is answered with 500. Unknown paths are 404,
  /// methods other than those given 405, requests with a body 413.
  void handle(std::string path, Handler handler) {
    handle(std::move(path), {Method::get}, std::move(handler));
  }
  void handle(std::string path, std::vector<Method> methods, Handler handler);

  /// TLS, users and headers are what this file says, from the next connection and request on.
  /// Before listening.
  void protect(std::shared_ptr<WebConfigFile> web);

  /// "host:port", ":port", "[::]:port"; port 0 lets the kernel choose. ":port" listens on every
  /// address, IPv6 and IPv4, as Prometheus exporters do. Returns the address really listened on.
  /// Errors name the address and, for a port in use, say so (Errc::busy).
  [[nodiscard]] Result<std::string> listen(const std::string& address);

  /// Accepts from a TCP socket that listens already, such as one of systemd's. Returns its address.
  [[nodiscard]] Result<std::string> listen_on(UniqueFd socket);

  /// sdt_exporter_http_connections_dropped_total.
  [[nodiscard]] metrics::MetricSnapshot dropped_connections() const;

  /// Stops accepting and closes every connection. Waits for a password check that runs.
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sdt::expose
