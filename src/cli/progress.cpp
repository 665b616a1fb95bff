#include "cli/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace sdt::cli {
namespace {

/// A look that is over sooner than this shows nothing, and a slow one is drawn as often.
constexpr std::chrono::milliseconds moment{100};

}  // namespace

Progress::Progress(std::string what) : Progress(std::move(what), isatty(STDERR_FILENO) == 1) {}

Progress::Progress(std::string what, bool is_terminal)
    : what_(std::move(what)),
      is_on_(is_terminal),
      next_(std::chrono::steady_clock::now() + moment) {}

void Progress::at(std::size_t done, std::size_t of) {
  if (!is_on_ || std::chrono::steady_clock::now() < next_) return;
  next_ = std::chrono::steady_clock::now() + moment;
  is_shown_ = true;
  fmt::print(stderr, "\rlooking: {} of {} {}\x1b[K", done, of, what_);
  std::fflush(stderr);
}

void Progress::clear() {
  if (!is_shown_) return;
  is_shown_ = false;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

}  // namespace sdt::cli
