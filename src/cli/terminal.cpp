#include "cli/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace sdt::cli {
namespace {

// xterm's control sequences, which every terminal of today knows
// (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html): the alternate screen, the cursor, and
// whether a long line goes on in the next.
constexpr std::string_view begin_screen = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view end_screen = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::string_view home = "\x1b[H";
constexpr std::string_view clear_line = "\x1b[2K";
constexpr std::string_view clear_below = "\x1b[J";

constexpr std::array<std::pair<std::string_view, Key>, 12> known_keys = {{
    {"q", Key::quit},
    {"Q", Key::quit},
    {"k", Key::up},
    {"\x1b[A", Key::up},
    {"\x1bOA", Key::up},
    {"j", Key::down},
    {"\x1b[B", Key::down},
    {"\x1bOB", Key::down},
    {"\x1b[5~", Key::page_up},
    {" ", Key::page_down},
    {"\x1b[6~", Key::page_down},
    {"g", Key::top},
}};

/// The descriptor's file, opened once more: whether reading waits is then ours to say, and not
/// shared with the shell.
UniqueFd reopened(int fd) {
  const std::string path = fmt::format("/proc/self/fd/{}", fd);
  return UniqueFd(open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
}

}  // namespace

std::vector<Key> keys_in(std::string_view bytes) {
  std::vector<Key> keys;
  while (!bytes.empty()) {
    std::size_t length = 1;
    for (const auto& [text, key] : known_keys) {
      if (!bytes.starts_with(text)) continue;
      keys.push_back(key);
      length = text.size();
      break;
    }
    bytes.remove_prefix(length);
  }
  return keys;
}

Terminal::Terminal(int in, int out) : out_(out) {
  if (isatty(in) == 1) keys_ = reopened(in);
}

void Terminal::take_over() {
  is_taken_ = true;
  termios state{};
  if (keys_.valid() && tcgetattr(keys_.get(), &state) == 0) {
    before_ = state;
    state.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    // Nobody could see a shell behind this screen.
    state.c_cc[VSUSP] = _POSIX_VDISABLE;
    tcsetattr(keys_.get(), TCSADRAIN, &state);
  }
  send(begin_screen);
}

void Terminal::give_back() {
  if (!std::exchange(is_taken_, false)) return;
  send(end_screen);
  if (before_) tcsetattr(keys_.get(), TCSADRAIN, &*before_);
}

Terminal::Size Terminal::size() const {
  winsize window{};
  if (ioctl(out_, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 || window.ws_row == 0) return {};
  return {window.ws_col, window.ws_row};
}

void Terminal::show(const std::vector<std::string>& lines) {
  std::string screen(home);
  const std::size_t rows = size().rows;
  const std::size_t shown = std::min(lines.size(), rows);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) screen += "\r\n";
    // Before it is written: behind a line that was cut the cursor stands on its last character.
    screen += clear_line;
    screen += lines[i];
  }
  if (shown < rows) {
    screen += "\r\n";
    screen += clear_below;
  }
  send(screen);
}

std::optional<std::vector<Key>> Terminal::read_keys() {
  std::array<char, 64> bytes{};
  const ssize_t length = read(keys_.get(), bytes.data(), bytes.size());
  if (length > 0) return keys_in({bytes.data(), static_cast<std::size_t>(length)});
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return std::vector<Key>();
  return std::nullopt;
}

/// A terminal that takes nothing any more is found out when its keys are read.
void Terminal::send(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t written = write(out_, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace sdt::cli
