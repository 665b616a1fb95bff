#include "expose/passed_sockets.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

namespace sdt::expose {
namespace {

constexpr int first_descriptor = 3;        // SD_LISTEN_FDS_START
constexpr int most_descriptors = 1 << 20;  // the daemon keeps one for each link, at worst

std::optional<int> to_number(std::string_view text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || number < 0) return std::nullopt;
  return number;
}

std::vector<std::string_view> split(std::string_view names) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t colon = names.find(':');
    parts.push_back(names.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    names.remove_prefix(colon + 1);
  }
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : std::string_view();
}

}  // namespace

Result<std::vector<int>> passed_sockets(const PassedDescriptors& passed, int pid) {
  std::vector<int> sockets;
  // Another process's, left in the environment.
  if (passed.pid.empty() || passed.count.empty() || to_number(passed.pid) != pid) return sockets;
  const auto count = to_number(passed.count);
  if (!count || *count > most_descriptors) {
    return fail(Errc::invalid, "LISTEN_FDS in the environment is not a number of descriptors");
  }
  std::vector<std::string_view> names;
  if (!passed.names.empty()) {
    names = split(passed.names);
    if (names.size() != static_cast<std::size_t>(*count)) {
      return fail(Errc::invalid, fmt::format("LISTEN_FDNAMES in the environment has {} names for "
                                             "{} descriptors",
                                             names.size(), *count));
    }
  }
  for (int i = 0; i < *count; ++i) {
    if (!names.empty() && names[static_cast<std::size_t>(i)].starts_with("sdt-")) continue;
    sockets.push_back(first_descriptor + i);
  }
  return sockets;
}

Result<std::vector<UniqueFd>> take_passed_sockets() {
  const auto numbers = passed_sockets(
      {variable("LISTEN_PID"), variable("LISTEN_FDS"), variable("LISTEN_FDNAMES")}, ::getpid());
  if (!numbers) return tl::unexpected(numbers.error());
  if (numbers->empty()) {
    return fail(Errc::not_found,
                "--web.systemd-socket: no socket was passed; start the service through its .socket "
                "unit, or listen with --web.listen-address instead");
  }
  std::vector<UniqueFd> sockets;
  for (const int number : *numbers) {
    if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) {
      return fail_errno(errno, fmt::format("the socket passed as descriptor {}", number));
    }
    sockets.emplace_back(number);
  }
  return sockets;
}

}  // namespace sdt::expose
