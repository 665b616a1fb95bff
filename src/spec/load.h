// From config files to a Config, or to every mistake in them.
//
// Purpose:   the one door into spec/: YAML in, validated Config or all diagnostics out.
// Ownership: plain values.
// Thread:    any; load_files reads the disk.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "spec/config.h"

namespace sdt::spec {

enum class Severity { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  std::string file;
  int line = 0;    ///< 1-based; 0 when the file as a whole is meant
  int column = 0;  ///< 1-based
  std::string message;

  /// file:line:column: message — the format compilers use and editors jump to. Warnings read
  /// "warning: ".
  [[nodiscard]] std::string text() const;
};

struct SourceText {
  std::string path;  ///< as the user named it
  std::string text;
};

struct LoadResult {
  Config config;                        ///< meaningful only without errors
  std::vector<Diagnostic> diagnostics;  ///< in file and line order
  [[nodiscard]] bool ok() const;
};

/// Pure: the texts of all files, in order, as one configuration.
[[nodiscard]] LoadResult load(std::span<const SourceText> sources);

/// Reads the paths of --config.file; a directory stands for every *.yaml in it, in name order.
/// Files that cannot be read are diagnostics like any other.
[[nodiscard]] LoadResult load_files(std::span<const std::string> paths);

}  // namespace sdt::spec
