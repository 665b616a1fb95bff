#include "expose/connection.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "expose/tls_context.h"

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

/// A password check that a coroutine waits for: the timer never ends by itself.
struct PendingCheck {
  explicit PendingCheck(asio::io_context& loop)
      : answered(loop, asio::steady_timer::time_point::max()) {}
  asio::steady_timer answered;
  bool matches = false;
};

bool is_plain_http(error_code error) {
  return error.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

}  // namespace

std::shared_ptr<const WebPolicy> ServerState::policy() {
  return web ? web->current(std::chrono::system_clock::now()) : open_to_all;
}

Connection::Connection(std::shared_ptr<ServerState> state, tcp::socket socket)
    : state_(std::move(state)),
      tcp_(std::move(socket)),
      buffer_(state_->limits.max_header_bytes + 1) {
  // Responses are whole messages: nothing is gained by holding the last packet back.
  error_code ignored;
  tcp_.socket().set_option(tcp::no_delay(true), ignored);
}

asio::awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
  const auto tls = self->state_->policy()->tls;
  if (!tls) {
    co_await self->serve(self->tcp_);
  } else if (co_await self->shake_hands(tls)) {
    co_await self->serve(*self->tls_);
  }
}

asio::awaitable<bool> Connection::shake_hands(std::shared_ptr<TlsContext> context) {
  tls_context_ = std::move(context);
  tls_.emplace(tcp_, tls_context_->context);
  tcp_.expires_after(state_->limits.handshake_timeout);
  error_code error;
  co_await tls_->async_handshake(asio::ssl::stream_base::server, into(error));
  if (!error) co_return true;
  // A client that just leaves (a check of the port, say) is none that was dropped.
  const bool is_refused = error.category() == asio::error::get_ssl_category();
  if (is_refused || error == beast::error::timeout) ++state_->dropped.handshake;
  if (is_plain_http(error)) {
    tls_.reset();
    constexpr unsigned http_1_0 = 10;
    Response hint{.status = 400, .body = "This port speaks HTTPS: use https://.\n"};
    const auto policy = state_->policy();
    co_await write(tcp_, to_message(std::move(hint), *policy, http_1_0, false), false);
  }
  co_return false;
}

template <class Stream>
asio::awaitable<void> Connection::serve(Stream& stream) {
  // Not in one condition: GCC 12 makes a trap of && with co_await in a template.
  for (bool stays = true; stays && !state_->closed;) {
    stays = co_await serve_one(stream);
    is_first_ = false;
  }
}

/// A kept connection may be silent for longer than a request may take to arrive.
template <class Stream>
asio::awaitable<bool> Connection::wait_for_request(Stream& stream) {
  if (is_first_ || buffer_.size() != 0) co_return true;
  constexpr std::size_t usual_header = 1024;
  error_code error;
  tcp_.expires_after(state_->limits.idle_timeout);
  const auto room = buffer_.prepare(std::min(usual_header, buffer_.max_size()));
  const std::size_t count = co_await stream.async_read_some(room, into(error));
  buffer_.commit(count);
  co_return !error;
}

template <class Stream>
asio::awaitable<bool> Connection::serve_one(Stream& stream) {
  if (!co_await wait_for_request(stream)) co_return false;
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(state_->limits.max_header_bytes));
  error_code error;
  // One deadline for the whole header: a byte now and then does not keep a connection.
  tcp_.expires_after(state_->limits.header_timeout);
  co_await http::async_read_header(stream, buffer_, parser, into(error));

  const std::shared_ptr<const WebPolicy> policy = state_->policy();
  if (error) {
    if (error == beast::error::timeout) ++state_->dropped.header;
    std::optional<Response> refusal = response_for(error);
    if (!refusal) co_return false;
    constexpr unsigned http_1_1 = 11;
    co_return co_await write(stream, to_message(std::move(*refusal), *policy, http_1_1, false),
                             false);
  }
  const MessageHeader& header = parser.get();
  // Nothing of a body is read: the connection ends with the response.
  const bool has_body = !parser.is_done();
  const bool keep_alive = header.keep_alive() && !has_body;
  const bool let_in = co_await is_let_in(*policy, header);
  Response response =
      let_in ? state_->routes.answer(to_request(header, has_body)) : password_needed();
  const unsigned version = std::min(header.version(), 11U);
  co_return co_await write(stream, to_message(std::move(response), *policy, version, keep_alive),
                           header.method() == http::verb::head);
}

/// A password that was right before is right at once. Any other takes a bcrypt in another thread,
/// whether there is such a user or not.
asio::awaitable<bool> Connection::is_let_in(const WebPolicy& policy, const MessageHeader& header) {
  if (policy.users.empty()) co_return true;
  const auto given = parse_authorization(header[http::field::authorization]);
  if (!given) co_return false;
  const User* user = nullptr;
  for (const User& one : policy.users) {
    if (is_same_secret(one.name, given->name)) user = &one;
  }
  if (user != nullptr && state_->passwords.knows(*user, given->password)) co_return true;

  const User& asked =
      user != nullptr ? *user : state_->passwords.stand_in(policy.users, given->name);
  const auto check = std::make_shared<PendingCheck>(state_->loop);
  state_->password_worker.check(asked.password_hash, given->password,
                                [&loop = state_->loop, check](bool matches) {
                                  asio::post(loop, [check, matches] {
                                    check->matches = matches;
                                    check->answered.cancel();
                                  });
                                });
  tcp_.expires_never();
  error_code answered;
  co_await check->answered.async_wait(into(answered));
  if (user == nullptr || !check->matches || state_->closed) co_return false;
  state_->passwords.remember(*user, given->password);
  co_return true;
}

template <class Stream>
asio::awaitable<bool> Connection::write(Stream& stream, Message message, bool head_only) {
  if (head_only) message.body().clear();  // the Content-Length stays that of the body
  const bool keep_alive = message.keep_alive();
  error_code error;
  tcp_.expires_after(state_->limits.write_timeout);
  http::response_serializer<http::string_body> serializer(message);
  if (head_only) {
    co_await http::async_write_header(stream, serializer, into(error));
  } else {
    co_await http::async_write(stream, serializer, into(error));
  }
  if (error == beast::error::timeout) ++state_->dropped.slow_read;
  if (error) co_return false;
  if (!keep_alive) co_await linger();
  co_return keep_alive;
}

/// Closing a socket with unread bytes resets the connection, and the client may lose the response.
/// So: say that no more will come, and read on for a moment.
asio::awaitable<void> Connection::linger() {
  constexpr std::size_t most_bytes = 1024 * 1024;
  error_code error;
  tcp_.expires_after(std::min<std::chrono::milliseconds>(state_->limits.idle_timeout, 1s));
  if (tls_) co_await tls_->async_shutdown(into(error));
  tcp_.socket().shutdown(tcp::socket::shutdown_send, error);
  std::vector<char> discarded(4096);
  for (std::size_t total = 0; !error && total < most_bytes;) {
    total += co_await tcp_.async_read_some(asio::buffer(discarded), into(error));
  }
}

}  // namespace sdt::expose
