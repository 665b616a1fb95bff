// The web config file as it is now.
//
// Purpose:   settings that follow the file and the certificates it names, without a restart: looked
//            at (one stat(2) a file) when a connection or a request begins, read when they changed.
//            What is broken changes nothing and is told.
// Ownership: owns the settings in force; connections share them.
// Thread:    the loop. Reading blocks for a moment.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "expose/basic_auth.h"
#include "spec/load.h"

namespace sdt::expose {

struct TlsContext;

/// What a web config asks of every connection and request.
struct WebPolicy {
  std::shared_ptr<TlsContext> tls;  ///< null: plain HTTP
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<User> users;
};

class WebConfigFile {
 public:
  using WallTime = std::chrono::system_clock::time_point;
  using Diagnostics = std::vector<spec::Diagnostic>;
  /// Called after every look at a changed file: were its settings taken, and what is to be said.
  using Told = std::function<void(bool is_taken, const Diagnostics& diagnostics)>;

  /// Reads the file at once. Null when it cannot be used; the diagnostics say why.
  [[nodiscard]] static std::shared_ptr<WebConfigFile> open(std::string path,
                                                           Diagnostics& diagnostics);

  void notify(Told told) { told_ = std::move(told); }

  /// A change younger than a second is left alone: whoever writes in place may be in the middle,
  /// and a file cut off before its users would ask nobody for a password. TLS is not turned on or
  /// off by a change, because clients would not expect it on the same port.
  [[nodiscard]] std::shared_ptr<const WebPolicy> current(WallTime now);

 private:
  /// Of a file; all zero for one that is not there.
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified = 0;  ///< ns since 1970
    std::int64_t changed = 0;   ///< ns since 1970
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct Reading;

  explicit WebConfigFile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] static Stamp stamp_of(const std::string& path);
  [[nodiscard]] Reading read() const;

  std::string path_;
  std::map<std::string, Stamp> stamps_;  ///< of the files of the latest attempt
  std::shared_ptr<const WebPolicy> policy_;
  Told told_;
};

}  // namespace sdt::expose
