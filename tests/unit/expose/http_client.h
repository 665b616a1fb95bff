// A plain blocking client, so that the server is tested against bytes and not against its own
// library.
#pragma once

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/unique_fd.h"

namespace sdt::expose {

struct Reply {
  unsigned status = 0;
  std::string head;  ///< status line and fields
  std::string body;
};

class HttpClient {
 public:
  /// `receive_buffer` 0 leaves the size to the kernel. A receive that takes 20 s fails the test.
  HttpClient(const std::string& host, const std::string& port, int receive_buffer = 0) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) throw failure("getaddrinfo");
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
    fd_.reset(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{20, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (receive_buffer != 0) {
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    if (::connect(fd_.get(), found->ai_addr, found->ai_addrlen) != 0) throw failure("connect");
  }

  void send(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t n = ::send(fd_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) throw failure("send");
      sent += static_cast<std::size_t>(n);
    }
  }

  /// One response; with `head_only` no body is waited for.
  Reply receive(bool head_only = false) {
    std::size_t end = std::string::npos;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) throw failure("the connection ended before a response");
    }
    Reply reply;
    reply.head = pending_.substr(0, end + 2);
    pending_.erase(0, end + 4);
    reply.status = static_cast<unsigned>(std::stoul(reply.head.substr(reply.head.find(' ') + 1)));
    if (head_only) return reply;
    const std::string field = "Content-Length: ";
    const std::size_t length = std::stoul(reply.head.substr(reply.head.find(field) + field.size()));
    while (pending_.size() < length) {
      if (!read_more()) throw failure("the connection ended within a body");
    }
    reply.body = pending_.substr(0, length);
    pending_.erase(0, length);
    return reply;
  }

  Reply get(const std::string& target) {
    send("GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n");
    return receive();
  }

  /// Bytes up to the end of the connection.
  std::size_t drain() {
    while (read_more()) {
    }
    return std::exchange(pending_, {}).size();
  }

  /// True when the other side ended the connection without a byte more.
  bool is_ended() { return drain() == 0; }

 private:
  static std::runtime_error failure(const std::string& what) { return std::runtime_error(what); }

  bool read_more() {
    char buffer[65536];
    const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (n < 0 && errno == EAGAIN) throw failure("nothing came for 20 s");
    if (n <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  UniqueFd fd_;
  std::string pending_;
};

}  // namespace sdt::expose
