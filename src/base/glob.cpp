#include "base/glob.h"

#include <fnmatch.h>

namespace sdt {

bool Glob::matches(const std::string& text) const {
  return fnmatch(pattern_.c_str(), text.c_str(), 0) == 0;
}

bool Glob::matches_path(const std::string& path) const {
  if (pattern_.find('/') != std::string::npos) {
    return fnmatch(pattern_.c_str(), path.c_str(), FNM_PATHNAME) == 0;
  }
  const std::size_t slash = path.rfind('/');
  return matches(slash == std::string::npos ? path : path.substr(slash + 1));
}

bool Glob::is_literal() const {
  return pattern_.find_first_of("*?[\\") == std::string::npos;
}

}  // namespace sdt
