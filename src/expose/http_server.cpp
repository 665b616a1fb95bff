#include "expose/http_server.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <optional>
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
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "expose/listener.h"

namespace sdt::expose {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

/// Completion token of a coroutine that wants the error as a value.
auto into(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

Response plain(http::status status, std::string body) {
  return {static_cast<unsigned>(status), "text/plain; charset=utf-8", std::move(body)};
}

Request to_request(const http::request<http::empty_body>& message) {
  const std::string target(message.target());
  const std::size_t question = target.find('?');
  Request request;
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  request.accept = std::string(message[http::field::accept]);
  return request;
}

bool is_served(http::verb method) {
  return method == http::verb::get || method == http::verb::head;
}

/// The status for a request that could not be read; nothing for a connection that broke or fell
/// silent.
std::optional<http::status> status_for(error_code error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return http::status::request_header_fields_too_large;
  }
  const bool is_parse_error =
      error.category() == make_error_code(http::error::bad_method).category();
  if (!is_parse_error || error == http::error::end_of_stream ||
      error == http::error::partial_message) {
    return std::nullopt;
  }
  return http::status::bad_request;
}

http::response<http::string_body> to_message(Response response, unsigned version, bool keep_alive) {
  http::response<http::string_body> message;
  message.version(version);
  message.result(response.status);
  message.set(http::field::content_type, response.content_type);
  message.set("X-Content-Type-Options", "nosniff");
  if (response.status == static_cast<unsigned>(http::status::method_not_allowed)) {
    message.set(http::field::allow, "GET, HEAD");
  }
  message.keep_alive(keep_alive);
  message.content_length(response.body.size());
  message.body() = std::move(response.body);
  return message;
}

}  // namespace

/// Lives as long as the server or any of its coroutines does. close() ends the coroutines' waits;
/// they then unwind on the loop.
struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  using Stream = beast::tcp_stream;
  using StreamPtr = std::shared_ptr<Stream>;
  using Message = http::response<http::string_body>;

  Impl(asio::io_context& io, ServerLimits server_limits) : loop(io), limits(server_limits) {}

  asio::io_context& loop;
  const ServerLimits limits;
  std::map<std::string, Handler, std::less<>> handlers;
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors;
  std::set<StreamPtr> connections;
  bool closed = false;

  void close();
  void start(StreamPtr stream);
  [[nodiscard]] Response answer(const http::request<http::empty_body>& message) const;

  // Each holds the Impl that it runs in by `self`.
  static asio::awaitable<void> accept(std::shared_ptr<Impl> self,
                                      std::shared_ptr<tcp::acceptor> acceptor);
  static asio::awaitable<void> serve(std::shared_ptr<Impl> self, StreamPtr stream);
  /// True when the connection stays open for another request.
  asio::awaitable<bool> serve_one(Stream& stream, beast::flat_buffer& buffer);
  asio::awaitable<bool> write(Stream& stream, Message message, bool head_only);
  asio::awaitable<void> linger(Stream& stream);
};

void HttpServer::Impl::close() {
  closed = true;
  error_code ignored;
  for (const auto& acceptor : acceptors) acceptor->close(ignored);
  acceptors.clear();
  for (const StreamPtr& stream : connections) stream->close();
}

asio::awaitable<void> HttpServer::Impl::accept(std::shared_ptr<Impl> self,
                                               std::shared_ptr<tcp::acceptor> acceptor) {
  asio::steady_timer pause(self->loop);
  while (!self->closed) {
    error_code error;
    tcp::socket socket = co_await acceptor->async_accept(into(error));
    if (self->closed) co_return;
    if (!error) {
      // Past the limit the socket is closed here, unread.
      if (self->connections.size() < self->limits.max_connections) {
        self->start(std::make_shared<Stream>(std::move(socket)));
      }
    } else if (error != asio::error::connection_aborted) {
      // Out of descriptors, most likely: the waiting connection would fail again at once.
      pause.expires_after(100ms);
      co_await pause.async_wait(into(error));
    }
  }
}

void HttpServer::Impl::start(StreamPtr stream) {
  connections.insert(stream);
  // Responses are whole messages: nothing is gained by holding the last packet back.
  error_code ignored;
  stream->socket().set_option(tcp::no_delay(true), ignored);
  const auto self = shared_from_this();
  asio::co_spawn(loop, serve(self, stream), [self, stream](const std::exception_ptr&) {
    // Whatever ended it, the connection is gone and nothing else is touched.
    self->connections.erase(stream);
    stream->close();
  });
}

asio::awaitable<void> HttpServer::Impl::serve(std::shared_ptr<Impl> self, StreamPtr stream) {
  beast::flat_buffer buffer(self->limits.max_header_bytes + 1);
  while (!self->closed && co_await self->serve_one(*stream, buffer)) {
  }
}

asio::awaitable<bool> HttpServer::Impl::serve_one(Stream& stream, beast::flat_buffer& buffer) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
  error_code error;
  // One deadline for the whole header: a byte now and then does not keep a connection.
  stream.expires_after(limits.idle_timeout);
  co_await http::async_read_header(stream, buffer, parser, into(error));

  constexpr unsigned http_1_1 = 11;
  const auto refuse = [](http::status status, std::string body) {
    return to_message(plain(status, std::move(body)), http_1_1, false);
  };
  if (error) {
    const std::optional<http::status> status = status_for(error);
    if (!status) co_return false;
    const bool too_large = *status == http::status::request_header_fields_too_large;
    co_return co_await write(stream,
                             refuse(*status, too_large ? "The request's header is too large.\n"
                                                       : "This is not an HTTP request.\n"),
                             false);
  }
  const http::request<http::empty_body>& request = parser.get();
  if (!is_served(request.method())) {
    co_return co_await write(
        stream, refuse(http::status::method_not_allowed, "Only GET and HEAD are served here.\n"),
        false);
  }
  const bool head_only = request.method() == http::verb::head;
  if (!parser.is_done()) {
    co_return co_await write(
        stream, refuse(http::status::bad_request, "A request with a body is not served here.\n"),
        head_only);
  }
  Message message = to_message(answer(request), request.version(), request.keep_alive());
  co_return co_await write(stream, std::move(message), head_only);
}

Response HttpServer::Impl::answer(const http::request<http::empty_body>& message) const {
  const Request request = to_request(message);
  const auto found = handlers.find(request.path);
  if (found == handlers.end()) return plain(http::status::not_found, "Not found.\n");
  try {
    const Handler handler = found->second;  // it may replace itself
    return handler(request);
  } catch (const std::exception&) {
    return plain(http::status::internal_server_error, "Internal error.\n");
  }
}

asio::awaitable<bool> HttpServer::Impl::write(Stream& stream, Message message, bool head_only) {
  if (head_only) message.body().clear();  // the Content-Length stays that of the body
  const bool keep_alive = message.keep_alive();
  error_code error;
  stream.expires_after(limits.write_timeout);
  http::response_serializer<http::string_body> serializer(message);
  if (head_only) {
    co_await http::async_write_header(stream, serializer, into(error));
  } else {
    co_await http::async_write(stream, serializer, into(error));
  }
  if (error) co_return false;
  if (!keep_alive) co_await linger(stream);
  co_return keep_alive;
}

/// Closing a socket with unread bytes resets the connection, and the client may lose the response.
/// So: say that no more will come, and read on for a moment.
asio::awaitable<void> HttpServer::Impl::linger(Stream& stream) {
  constexpr std::size_t most_bytes = 1024 * 1024;
  error_code error;
  stream.socket().shutdown(tcp::socket::shutdown_send, error);
  stream.expires_after(std::min<std::chrono::milliseconds>(limits.idle_timeout, 1s));
  std::vector<char> discarded(4096);
  for (std::size_t total = 0; !error && total < most_bytes;) {
    total += co_await stream.async_read_some(asio::buffer(discarded), into(error));
  }
}

HttpServer::HttpServer(asio::io_context& loop, ServerLimits limits)
    : impl_(std::make_shared<Impl>(loop, limits)) {}

HttpServer::~HttpServer() {
  close();
}

void HttpServer::handle(std::string path, Handler handler) {
  impl_->handlers.insert_or_assign(std::move(path), std::move(handler));
}

Result<std::string> HttpServer::listen(const std::string& address) {
  if (impl_->closed) {
    return fail(Errc::gone, fmt::format("listen on {}: the server is closed", address));
  }
  Result<tcp::acceptor> opened = open_listener(impl_->loop, address);
  if (!opened) return tl::unexpected(opened.error());
  const auto acceptor = std::make_shared<tcp::acceptor>(std::move(*opened));
  error_code error;
  const tcp::endpoint local = acceptor->local_endpoint(error);
  if (error) return fail_errno(error.value(), fmt::format("listen on {}", address));
  impl_->acceptors.push_back(acceptor);
  asio::co_spawn(impl_->loop, Impl::accept(impl_, acceptor), asio::detached);
  return text_of(local);
}

void HttpServer::close() {
  impl_->close();
}

}  // namespace sdt::expose
