#include "base/passed_descriptors.h"

#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

namespace sdt {
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

PassedVariables passed_variables() {
  return {variable("LISTEN_PID"), variable("LISTEN_FDS"), variable("LISTEN_FDNAMES")};
}

Result<std::vector<PassedDescriptor>> passed_descriptors(const PassedVariables& passed, int pid) {
  std::vector<PassedDescriptor> found;
  // Another process's, left in the environment.
  if (passed.pid.empty() || passed.count.empty() || to_number(passed.pid) != pid) return found;
  const auto count = to_number(passed.count);
  if (!count || *count > most_descriptors) {
    return fail(Errc::invalid, "LISTEN_FDS in the environment is not a number of descriptors");
  }
  std::vector<std::string_view> names(static_cast<std::size_t>(*count));
  if (!passed.names.empty()) {
    names = split(passed.names);
    if (names.size() != static_cast<std::size_t>(*count)) {
      return fail(Errc::invalid, fmt::format("LISTEN_FDNAMES in the environment has {} names for "
                                             "{} descriptors",
                                             names.size(), *count));
    }
  }
  for (const std::string_view name : names) {
    found.push_back({first_descriptor + static_cast<int>(found.size()), std::string(name)});
  }
  return found;
}

Result<UniqueFd> take_passed(const PassedDescriptor& passed) {
  if (::fcntl(passed.number, F_SETFD, FD_CLOEXEC) != 0) {
    return fail_errno(errno, fmt::format("descriptor {}, passed as {}", passed.number,
                                         passed.name.empty() ? "a socket" : passed.name));
  }
  return UniqueFd(passed.number);
}

}  // namespace sdt
