// Finding and reading the config files; see load.h.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "spec/load.h"

namespace sdt::spec {
namespace {

namespace fs = std::filesystem;

// Nobody writes so much by hand, and /dev/zero must not fill the memory.
constexpr std::size_t largest_file = 16U << 20;

Diagnostic about(const std::string& file, Severity severity, std::string message) {
  return {severity, file, 0, 0, std::move(message)};
}

class FileReader {
 public:
  void read_path(const std::string& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      read_directory(path);
    } else {
      read_file(path);
    }
  }

  std::vector<SourceText> sources;
  std::vector<Diagnostic> diagnostics;

 private:
  void read_directory(const std::string& path) {
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      if (is_config(*it)) names.push_back(it->path().filename());
    }
    if (error) {
      diagnostics.push_back(about(path, Severity::error,
                                  fmt::format("cannot list the directory: {}", error.message())));
      return;
    }
    if (names.empty()) {
      diagnostics.push_back(about(path, Severity::warning, "no *.yaml in this directory"));
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) read_file((fs::path(path) / name).string());
  }

  // Hidden files are editors' and Kubernetes' own; a symbolic link counts as what it leads to.
  bool is_config(const fs::directory_entry& entry) {
    const std::string name = entry.path().filename();
    std::error_code error;
    if (name.starts_with('.') || entry.is_directory(error)) return false;
    if (name.ends_with(".yml")) {
      diagnostics.push_back(about(entry.path(), Severity::warning,
                                  "not read: only *.yaml is taken from a directory"));
    }
    return name.ends_with(".yaml");
  }

  void read_file(const std::string& path) {
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    std::string text;
    std::array<char, 1U << 16> part{};
    while (text.size() <= largest_file && stream.read(part.data(), part.size()).gcount() > 0) {
      text.append(part.data(), static_cast<std::size_t>(stream.gcount()));
    }
    if (!stream.is_open() || stream.bad()) {
      const int why = errno != 0 ? errno : EIO;
      diagnostics.push_back(
          about(path, Severity::error, fmt::format("cannot read: {}", std::strerror(why))));
      return;
    }
    if (text.size() > largest_file) {
      diagnostics.push_back(about(path, Severity::error, "larger than 16 MiB: not a config file"));
      return;
    }
    sources.push_back({path, std::move(text)});
  }
};

}  // namespace

LoadResult load_files(std::span<const std::string> paths) {
  FileReader files;
  for (const std::string& path : paths) files.read_path(path);
  LoadResult result = load(files.sources);
  result.diagnostics.insert(result.diagnostics.begin(), files.diagnostics.begin(),
                            files.diagnostics.end());
  return result;
}

}  // namespace sdt::spec
