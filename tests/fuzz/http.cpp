// What a client may send: one connection to the server as the daemon runs it, over loopback.
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/unique_fd.h"
#include "expose/http_server.h"
#include "fuzz.h"

namespace sdt::fuzz {
namespace {

/// A server with one page, made once for all inputs.
class Server {
 public:
  Server() : server_(loop_, {}) {
    server_.handle("/metrics", [this](const expose::Request& request) {
      must(request.path == "/metrics", "a handler gets what it is for");
      ++handled_;
      return expose::Response{200, "text/plain", "a 1\n"};
    });
    const auto address = server_.listen("127.0.0.1:0");
    must(address.has_value(), "the server listens");
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address_.sin_port =
        htons(static_cast<std::uint16_t>(std::stoul(address->substr(address->rfind(':') + 1))));
  }

  /// Sends the bytes on a connection of their own; what came back before the server fell silent.
  std::string answer(std::string_view bytes) {
    const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // Reset instead of closed, or a million connections would use up the ports.
    const linger reset{1, 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    const auto* to = reinterpret_cast<const sockaddr*>(&address_);
    // libFuzzer's alarm may interrupt it, and it then goes on by itself.
    while (::connect(client.get(), to, sizeof address_) != 0 && errno != EISCONN) {
      const bool interrupted = errno == EINTR || errno == EALREADY;
      must(interrupted, std::string("the server accepts: ") + std::strerror(errno));
    }
    ::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    settle();
    std::string received;
    std::array<char, 4096> part{};
    ssize_t count = 0;
    while ((count = ::recv(client.get(), part.data(), part.size(), MSG_DONTWAIT)) > 0) {
      received.append(part.data(), static_cast<std::size_t>(count));
      settle();
    }
    return received;
  }

  /// Lets the coroutines run until all of them wait.
  void settle() {
    while (loop_.poll() > 0) {
    }
  }

  [[nodiscard]] std::size_t handled() const { return handled_; }

 private:
  boost::asio::io_context loop_;
  expose::HttpServer server_;
  sockaddr_in address_{};
  std::size_t handled_ = 0;
};

bool is_a_response(std::string_view text) {
  for (const std::string_view version : {"HTTP/1.1 ", "HTTP/1.0 "}) {
    if (!text.starts_with(version)) continue;
    const std::string_view status = text.substr(version.size(), 4);
    for (const std::string_view known : {"200 ", "400 ", "404 ", "405 ", "413 ", "431 "}) {
      if (status == known) return text.find("\r\n\r\n") != std::string_view::npos;
    }
  }
  return false;
}

std::size_t count_of(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++at) ++count;
  return count;
}

}  // namespace
}  // namespace sdt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sdt;
  static const auto server = std::make_unique<fuzz::Server>();
  const std::size_t before = server->handled();
  const std::string answer = server->answer(fuzz::Input(data, size).rest());
  server->settle();  // the connection is over
  fuzz::must(answer.empty() || fuzz::is_a_response(answer), answer);
  // Each that was handled is answered, and nothing else says that all is well.
  fuzz::must(fuzz::count_of(answer, " 200 OK\r\n") == server->handled() - before, answer);
  return 0;
}
