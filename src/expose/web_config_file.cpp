#include "expose/web_config_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "expose/tls_context.h"
#include "expose/web_config.h"

namespace sdt::expose {
namespace {

using spec::Report;

/// Chains of certificates and hundreds of users fit; /dev/zero must not fill the memory.
constexpr std::size_t largest_file = 1U << 20;
constexpr std::chrono::seconds settled_after{1};

Result<std::string> read_file(const std::string& path) {
  // A FIFO must not hold the loop.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return fail_errno(errno, "cannot read");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "cannot read");
  if (!S_ISREG(status.st_mode)) return fail(Errc::invalid, "not a file");
  std::string text;
  std::array<char, 1U << 16> part{};
  while (text.size() <= largest_file) {
    const ssize_t count = ::read(fd.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "cannot read");
    if (count == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  return fail(Errc::invalid, "larger than 1 MiB");
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::int64_t nanoseconds(WebConfigFile::WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

/// One attempt: the files that were looked at, before they were read, and what came of it.
struct WebConfigFile::Reading {
  std::map<std::string, Stamp> stamps;
  std::shared_ptr<WebPolicy> policy;  ///< null after an error
  Diagnostics diagnostics;

  std::string read_pem(const PemSource& source, Report& report) {
    if (source.path.empty()) return source.text;
    stamps[source.path] = stamp_of(source.path);
    auto text = read_file(source.path);
    if (text) return std::move(*text);
    report.error(source.at,
                 fmt::format("{} {}: {}", source.key, source.path, text.error().message));
    return {};
  }
};

WebConfigFile::Stamp WebConfigFile::stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

WebConfigFile::Reading WebConfigFile::read() const {
  Reading reading;
  reading.stamps[path_] = stamp_of(path_);
  const auto text = read_file(path_);
  if (!text) {
    reading.diagnostics.push_back({spec::Severity::error, path_, 0, 0, text.error().message});
    return reading;
  }
  Report report(path_);
  WebConfig config = parse_web_config(path_, *text, report);
  auto policy = std::make_shared<WebPolicy>();
  if (config.tls && report.errors() == 0) {
    TlsMaterial material;
    material.certificate = reading.read_pem(config.tls->certificate, report);
    material.key = reading.read_pem(config.tls->key, report);
    if (config.tls->client_ca) {
      material.client_ca = reading.read_pem(*config.tls->client_ca, report);
    }
    if (report.errors() == 0) policy->tls = make_tls_context(*config.tls, material, report);
  }
  policy->headers = std::move(config.headers);
  policy->users = std::move(config.users);
  if (report.errors() == 0) reading.policy = std::move(policy);
  reading.diagnostics = report.take();
  return reading;
}

std::shared_ptr<WebConfigFile> WebConfigFile::open(std::string path, Diagnostics& diagnostics) {
  std::shared_ptr<WebConfigFile> file(new WebConfigFile(std::move(path)));
  Reading first = file->read();
  diagnostics = std::move(first.diagnostics);
  if (!first.policy) return nullptr;
  file->stamps_ = std::move(first.stamps);
  file->policy_ = std::move(first.policy);
  return file;
}

std::shared_ptr<const WebPolicy> WebConfigFile::current(WallTime now) {
  bool has_changed = false;
  for (const auto& [path, known] : stamps_) {
    const Stamp stamp = stamp_of(path);
    if (stamp == known) continue;
    has_changed = true;
    const std::int64_t age = nanoseconds(now) - stamp.changed;
    // One that seems to come from the future was dated before the clock was set back.
    if (age >= 0 && age < std::chrono::nanoseconds(settled_after).count()) return policy_;
  }
  if (!has_changed) return policy_;

  Reading next = read();
  if (next.policy && (next.policy->tls == nullptr) != (policy_->tls == nullptr)) {
    next.diagnostics.push_back(
        {spec::Severity::error, path_, 0, 0, "TLS is turned on or off by a restart only"});
    next.policy.reset();
  }
  stamps_ = std::move(next.stamps);
  const bool is_taken = next.policy != nullptr;
  if (is_taken) policy_ = std::move(next.policy);
  if (told_) told_(is_taken, next.diagnostics);
  return policy_;
}

}  // namespace sdt::expose
