#include "expose/http_server.h"

#include <exception>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "expose/connection.h"
#include "expose/listener.h"

namespace sdt::expose {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

/// Completion token of a coroutine that wants the error as a value.
auto into(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

}  // namespace

/// Lives as long as the server or any of its coroutines does. close() ends the coroutines' waits;
/// they then unwind on the loop.
struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(asio::io_context& loop, ServerLimits limits)
      : state(std::make_shared<ServerState>(loop, limits)) {}

  const std::shared_ptr<ServerState> state;
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors;
  std::set<std::shared_ptr<Connection>> connections;

  void close();
  void start(tcp::socket socket);
  [[nodiscard]] Result<std::string> accept_from(tcp::acceptor opened, const std::string& name);

  // Holds the Impl that it runs in by `self`.
  static asio::awaitable<void> accept(std::shared_ptr<Impl> self,
                                      std::shared_ptr<tcp::acceptor> acceptor);
};

void HttpServer::Impl::close() {
  state->closed = true;
  error_code ignored;
  for (const auto& acceptor : acceptors) acceptor->close(ignored);
  acceptors.clear();
  for (const auto& connection : connections) connection->close();
  state->password_worker.stop();
}

asio::awaitable<void> HttpServer::Impl::accept(std::shared_ptr<Impl> self,
                                               std::shared_ptr<tcp::acceptor> acceptor) {
  const std::shared_ptr<ServerState> state = self->state;
  asio::steady_timer pause(state->loop);
  while (!state->closed) {
    error_code error;
    tcp::socket socket = co_await acceptor->async_accept(into(error));
    if (state->closed) co_return;
    if (!error) {
      // Past the limit the socket is closed here, unread: even a polite refusal would need a place.
      if (self->connections.size() < state->limits.max_connections) {
        self->start(std::move(socket));
      } else {
        ++state->dropped.limit;
      }
    } else if (error != asio::error::connection_aborted) {
      // Out of descriptors, most likely: the waiting connection would fail again at once.
      pause.expires_after(100ms);
      co_await pause.async_wait(into(error));
    }
  }
}

void HttpServer::Impl::start(tcp::socket socket) {
  const auto connection = std::make_shared<Connection>(state, std::move(socket));
  connections.insert(connection);
  asio::co_spawn(state->loop, Connection::run(connection),
                 [self = shared_from_this(), connection](const std::exception_ptr&) {
                   // Whatever ended it, the connection is gone and nothing else is touched.
                   self->connections.erase(connection);
                   connection->close();
                 });
}

Result<std::string> HttpServer::Impl::accept_from(tcp::acceptor opened, const std::string& name) {
  const auto acceptor = std::make_shared<tcp::acceptor>(std::move(opened));
  error_code error;
  const tcp::endpoint local = acceptor->local_endpoint(error);
  if (error) return fail_errno(error.value(), fmt::format("listen on {}", name));
  acceptors.push_back(acceptor);
  asio::co_spawn(state->loop, accept(shared_from_this(), acceptor), asio::detached);
  return text_of(local);
}

HttpServer::HttpServer(asio::io_context& loop, ServerLimits limits)
    : impl_(std::make_shared<Impl>(loop, limits)) {}

HttpServer::~HttpServer() {
  close();
}

void HttpServer::handle(std::string path, std::vector<Method> methods, Handler handler) {
  impl_->state->routes.handle(std::move(path), std::move(methods), std::move(handler));
}

void HttpServer::protect(std::shared_ptr<WebConfigFile> web) {
  impl_->state->web = std::move(web);
}

Result<std::string> HttpServer::listen(const std::string& address) {
  if (impl_->state->closed) {
    return fail(Errc::gone, fmt::format("listen on {}: the server is closed", address));
  }
  Result<tcp::acceptor> opened = open_listener(impl_->state->loop, address);
  if (!opened) return tl::unexpected(opened.error());
  return impl_->accept_from(std::move(*opened), address);
}

Result<std::string> HttpServer::listen_on(UniqueFd socket) {
  if (impl_->state->closed) return fail(Errc::gone, "listen: the server is closed");
  const std::string name = fmt::format("the socket passed as descriptor {}", socket.get());
  Result<tcp::acceptor> adopted = adopt_listener(impl_->state->loop, std::move(socket));
  if (!adopted) return tl::unexpected(adopted.error());
  return impl_->accept_from(std::move(*adopted), name);
}

metrics::MetricSnapshot HttpServer::dropped_connections() const {
  const DroppedConnections& dropped = impl_->state->dropped;
  metrics::MetricSnapshot metric;
  metric.name = "sdt_exporter_http_connections_dropped_total";
  metric.help = "Connections of clients that the exporter closed, by reason.";
  metric.type = spec::MetricType::counter;
  const auto add = [&metric](const char* reason, std::uint64_t count) {
    metric.series.push_back({{{"reason", reason}}, Int128{count}});
  };
  add("handshake", dropped.handshake);
  add("header", dropped.header);
  add("limit", dropped.limit);
  add("slow_read", dropped.slow_read);
  return metric;
}

void HttpServer::close() {
  impl_->close();
}

}  // namespace sdt::expose
