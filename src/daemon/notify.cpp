#include "daemon/notify.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace sdt::daemon {
namespace {

constexpr timeval send_limit{.tv_sec = 1, .tv_usec = 0};

Status check_name(std::string_view name) {
  const bool is_good = !name.empty() && name.size() <= 255 && std::ranges::all_of(name, [](char c) {
    return c >= ' ' && c <= '~' && c != ':';
  });
  if (is_good) return {};
  return fail(Errc::invalid,
              fmt::format("'{}' cannot name stored descriptors: 1 to 255 printable ASCII "
                          "characters without ':'",
                          name));
}

std::optional<std::uint64_t> to_number(const char* text) {
  std::uint64_t number = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

}  // namespace

Result<Notifier> Notifier::open(const char* address) {
  Notifier notifier;
  if (address == nullptr || *address == '\0') return notifier;
  std::string name = address;
  if (name.size() < 2 || (name[0] != '/' && name[0] != '@')) {
    return fail(Errc::unsupported,
                fmt::format("NOTIFY_SOCKET={}: neither a path nor an abstract address", name));
  }
  if (name.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Errc::unsupported, fmt::format("NOTIFY_SOCKET={}: too long for a socket", name));
  }
  if (name[0] == '@') name[0] = '\0';
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return fail_errno(errno, "a socket to the service manager");
  if (setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &send_limit, sizeof send_limit) != 0) {
    return fail_errno(errno, "SO_SNDTIMEO of the socket to the service manager");
  }
  notifier.socket_ = std::move(socket);
  notifier.address_ = std::move(name);
  return notifier;
}

Status Notifier::send(const std::string& text, std::span<const int> descriptors) const {
  if (!is_heard()) return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  iovec content{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
  msghdr message{};
  message.msg_name = &address;
  // An abstract name ends where its length says, a path with a zero byte as well.
  message.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  std::vector<std::byte> control;
  if (!descriptors.empty()) {
    control.resize(CMSG_SPACE(descriptors.size_bytes()));
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  // Not connected: a manager that made its socket anew is found again.
  ssize_t sent = -1;
  do {
    sent = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  const std::string doing = "tell the service manager " + text.substr(0, text.find('\n'));
  if (errno == EAGAIN) return fail(Errc::busy, doing + ": it has not read its socket for 1 s");
  return fail_errno(errno, doing);
}

Status Notifier::status(std::string_view text) const {
  std::string line = fmt::format("STATUS={}", text);
  std::ranges::replace(line, '\n', ' ');
  return send(line);
}

Status Notifier::extend_timeout(std::chrono::microseconds by) const {
  return send(fmt::format("EXTEND_TIMEOUT_USEC={}", by.count()));
}

Status Notifier::reloading(std::chrono::steady_clock::time_point now) const {
  const auto since_boot =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  return send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", since_boot.count()));
}

Status Notifier::barrier(std::chrono::milliseconds limit) const {
  if (!is_heard()) return {};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "a pipe for the service manager");
  const UniqueFd wait(ends[0]);
  {
    const UniqueFd theirs(ends[1]);
    const int descriptor = theirs.get();
    if (auto status = send("BARRIER=1", {&descriptor, 1}); !status) return status;
  }
  // The manager closes its copy, the only one left, when it comes to this message.
  const auto deadline = std::chrono::steady_clock::now() + limit;
  pollfd closed{.fd = wait.get(), .events = 0, .revents = 0};
  int count = -1;
  do {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    count = poll(&closed, 1, static_cast<int>(std::max(left.count(), decltype(left.count()){0})));
  } while (count < 0 && errno == EINTR);
  if (count < 0) return fail_errno(errno, "wait for the service manager");
  if (count > 0) return {};
  return fail(Errc::busy, fmt::format("the service manager has not come to our messages in {} ms",
                                      limit.count()));
}

Status Notifier::store(std::string_view name, std::span<const int> descriptors) const {
  if (auto status = check_name(name); !status) return status;
  // FDPOLL=0: to poll(2) a BPF map is in error always, and the manager would drop it at once.
  const std::string text = fmt::format("FDSTORE=1\nFDNAME={}\nFDPOLL=0", name);
  while (!descriptors.empty()) {
    const auto batch = descriptors.first(std::min(descriptors.size(), max_descriptors));
    if (auto status = send(text, batch); !status) return status;
    descriptors = descriptors.subspan(batch.size());
  }
  return {};
}

Status Notifier::remove(std::string_view name) const {
  if (auto status = check_name(name); !status) return status;
  return send(fmt::format("FDSTOREREMOVE=1\nFDNAME={}", name));
}

std::optional<std::chrono::microseconds> watchdog_interval(const char* usec, const char* pid,
                                                           pid_t self) {
  if (usec == nullptr) return std::nullopt;
  if (pid != nullptr && to_number(pid) != static_cast<std::uint64_t>(self)) return std::nullopt;
  const auto number = to_number(usec);
  if (!number || *number == 0 || *number > INT64_MAX) return std::nullopt;
  return std::chrono::microseconds(static_cast<std::int64_t>(*number));
}

}  // namespace sdt::daemon
