#include "daemon/host_files.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include <fmt/format.h>

namespace sdt::daemon {
namespace {

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

HostFiles::HostFiles() {
  constexpr const char* root_of_init = "/proc/1/root";
  if (access(fmt::format("{}/proc", root_of_init).c_str(), F_OK) == 0) root_ = root_of_init;
}

std::vector<std::string> HostFiles::expand(const Glob& pattern) const {
  if (!pattern.text().starts_with('/')) return {};
  glob_t found{};
  const std::unique_ptr<glob_t, void (*)(glob_t*)> guard(&found, ::globfree);
  if (::glob((root_ + pattern.text()).c_str(), 0, nullptr, &found) != 0) return {};
  std::vector<std::string> paths;
  const std::size_t count = std::min(found.gl_pathc, most_files);
  for (std::size_t i = 0; i < count; ++i) paths.emplace_back(found.gl_pathv[i] + root_.size());
  return paths;
}

Result<UniqueFd> HostFiles::open(const std::string& path) const {
  UniqueFd fd(::open((root_ + path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return fail_errno(errno, "open " + path);
  struct stat facts {};
  if (fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return fail(Errc::unsupported, path + " is not a regular file");
  }
  return fd;
}

bool HostFiles::leads_to(const std::string& path, int fd) const {
  struct stat there {};
  struct stat here {};
  return stat((root_ + path).c_str(), &there) == 0 && fstat(fd, &here) == 0 && is_same(there, here);
}

bool HostFiles::is_on_system_disk(int fd) const {
  struct stat file {};
  if (fstat(fd, &file) != 0) return false;
  constexpr std::array<const char*, 2> system_directories{"/", "/usr"};
  return std::ranges::any_of(system_directories, [&](const char* directory) {
    struct stat facts {};
    return stat((root_ + directory).c_str(), &facts) == 0 && facts.st_dev == file.st_dev;
  });
}

}  // namespace sdt::daemon
