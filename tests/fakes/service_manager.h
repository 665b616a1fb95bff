// A service manager for tests: the socket that NOTIFY_SOCKET names.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace sdt::fakes {

struct NotifyMessage {
  std::string text;
  std::vector<UniqueFd> descriptors;
};

/// The side that systemd is.
class ServiceManager {
 public:
  explicit ServiceManager(std::string address) : address_(std::move(address)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, address_.data(), address_.size());
    if (address_[0] == '@') name.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&name), length), 0)
        << strerror(errno);
  }

  [[nodiscard]] const std::string& address() const { return address_; }

  /// The next message, which must be there.
  [[nodiscard]] NotifyMessage receive() const { return receive(MSG_DONTWAIT); }
  [[nodiscard]] NotifyMessage await() const { return receive(0); }
  [[nodiscard]] bool is_quiet() const {
    pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return poll(&readable, 1, 0) == 0;
  }

 private:
  [[nodiscard]] NotifyMessage receive(int flags) const {
    std::array<char, 4096> text{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 253)> control{};
    iovec content{.iov_base = text.data(), .iov_len = text.size()};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = recvmsg(socket_.get(), &message, flags | MSG_CMSG_CLOEXEC);
    EXPECT_GE(size, 0) << strerror(errno);
    NotifyMessage received{
        .text = std::string(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size)),
        .descriptors = {}};
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr) {
      std::vector<int> fds((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      std::memcpy(fds.data(), CMSG_DATA(header), fds.size() * sizeof(int));
      for (const int fd : fds) received.descriptors.emplace_back(fd);
    }
    return received;
  }

  UniqueFd socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::string address_;
};

inline std::string abstract_address(std::string_view test) {
  return "@sdt-notify-" + std::string(test) + "-" + std::to_string(getpid());
}

}  // namespace sdt::fakes
