#include "cli/watch.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/glob.h"
#include "cli/printable.h"
#include "cli/style.h"
#include "cli/terminal.h"
#include "cli/watch_view.h"
#include "daemon/engine.h"
#include "daemon/log.h"
#include "daemon/onlooker.h"
#include "daemon/supervisor.h"
#include "spec/load.h"
#include "spec/units.h"

namespace sdt::cli {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::nanoseconds shortest_interval = std::chrono::milliseconds(100);
constexpr std::chrono::nanoseconds longest_interval = std::chrono::minutes(10);

int complain(std::string_view message) {
  fmt::print(stderr, "sdt_exporter: {}\n", message);
  return daemon::exit_bad_config;
}

/// What is shown; where is for others to say.
class Watch : public daemon::Onlooker {
 public:
  void begin(asio::io_context& loop, std::function<void()> stop) override {
    static_cast<void>(loop);
    stop_ = std::move(stop);
  }
  void drained(const daemon::Engine& engine, std::chrono::steady_clock::time_point now) override {
    before_ = std::exchange(now_, Moment{now, engine.snapshot(), engine.self_metrics()});
    show();
  }
  void ending() override {}

  /// A line of the log.
  virtual void said(std::string_view line) { fmt::print(stderr, "{}\n", line); }

 protected:
  virtual void show() = 0;
  void stop() { stop_(); }
  [[nodiscard]] bool has_seen() const { return now_.has_value(); }
  [[nodiscard]] bool is_first() const { return !before_; }
  [[nodiscard]] std::vector<std::string> lines(const Picture& picture) const {
    return draw(*now_, before_ ? &*before_ : nullptr, picture);
  }

 private:
  std::function<void()> stop_;
  std::optional<Moment> now_;
  std::optional<Moment> before_;
};

/// A picture after each interval, one below the other.
class Printed final : public Watch {
 public:
  explicit Printed(bool once) : once_(once) {}

 private:
  void show() override {
    if (is_first()) return;  // nothing has happened yet
    const auto picture = lines({.style = style_, .width = 0});
    const std::string text = fmt::format("{}\n{}", fmt::join(picture, "\n"), once_ ? "" : "\n");
    const bool is_read =
        std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    if (!is_read || once_) stop();
  }

  bool once_;
  Style style_ = style_of(STDOUT_FILENO);
};

/// A screen of its own.
class Screen final : public Watch {
 public:
  void begin(asio::io_context& loop, std::function<void()> stop) override {
    Watch::begin(loop, std::move(stop));
    resizes_.emplace(loop, SIGWINCH);
    await_resize();
    if (terminal_.keys() >= 0) {
      keys_.emplace(loop, terminal_.keys());
      await_key();
    }
    // What was said until now is on the screen before.
    terminal_.take_over();
    is_taken_ = true;
    terminal_.show({"looking at the processes …"});
  }
  void ending() override {
    if (keys_) keys_->release();  // the terminal's own
    keys_.reset();
    resizes_.reset();
    is_taken_ = false;
    terminal_.give_back();
  }
  void said(std::string_view line) override {
    if (!is_taken_) return Watch::said(line);
    said_.push_back(printable(line));
    if (said_.size() > most_said) said_.pop_front();
  }

 private:
  static constexpr std::size_t most_said = 3;

  void show() override {
    const Terminal::Size size = terminal_.size();
    const std::vector<std::string> all = lines({.style = style_, .width = size.columns});
    const std::size_t below = said_.size() + 1;
    room_ = size.rows > below ? size.rows - below : 1;
    top_ = std::min(top_, all.size() > room_ ? all.size() - room_ : 0);
    std::vector<std::string> screen(
        all.begin() + static_cast<std::ptrdiff_t>(top_),
        all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), top_ + room_)));
    screen.resize(room_);
    for (const std::string& line : said_) screen.push_back(style_.paint(line, Paint::yellow));
    std::string keys = "q quits";
    if (all.size() > room_) {
      keys = fmt::format("lines {} to {} of {}; j, k and blank scroll, q quits", top_ + 1,
                         std::min(all.size(), top_ + room_), all.size());
    }
    screen.push_back(style_.paint(keys, Paint::dim));
    terminal_.show(screen);
  }

  void await_resize() {
    resizes_->async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      if (has_seen()) show();
      await_resize();
    });
  }
  void await_key() {
    keys_->async_wait(asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error) return;
                        const auto keys = terminal_.read_keys();
                        if (!keys || std::ranges::count(*keys, Key::quit) > 0) return stop();
                        for (const Key key : *keys) scroll(key);
                        if (!keys->empty() && has_seen()) show();
                        await_key();
                      });
  }
  void scroll(Key key) {
    const std::size_t page = room_ > 1 ? room_ - 1 : 1;
    switch (key) {
      case Key::up:
        top_ -= std::min<std::size_t>(top_, 1);
        break;
      case Key::page_up:
        top_ -= std::min(top_, page);
        break;
      case Key::down:
        ++top_;
        break;
      case Key::page_down:
        top_ += page;
        break;
      case Key::top:
        top_ = 0;
        break;
      case Key::quit:
        break;
    }
  }

  Terminal terminal_{STDIN_FILENO, STDOUT_FILENO};
  Style style_ = style_of(STDOUT_FILENO);
  bool is_taken_ = false;
  std::size_t top_ = 0;   ///< the first line that is shown
  std::size_t room_ = 1;  ///< lines that are shown
  std::deque<std::string> said_;
  std::optional<asio::signal_set> resizes_;
  std::optional<asio::posix::stream_descriptor> keys_;
};

/// Leaves only the metrics whose names match. False: there are none.
bool narrow(spec::Config& config, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return !config.targets.empty();
  std::vector<Glob> globs;
  for (const std::string& pattern : patterns) globs.emplace_back(pattern);
  for (spec::Target& target : config.targets) {
    std::erase_if(target.metrics, [&](const spec::Metric& metric) {
      return std::ranges::none_of(globs,
                                  [&](const Glob& glob) { return glob.matches(metric.name); });
    });
  }
  std::erase_if(config.targets, [](const spec::Target& target) { return target.metrics.empty(); });
  return !config.targets.empty();
}

}  // namespace

int run_watch(const WatchOptions& options) {
  const auto interval = spec::parse_duration(options.interval);
  if (!interval) return complain("--interval: " + interval.error());
  if (*interval < shortest_interval || *interval > longest_interval) {
    return complain("--interval must be between 100ms and 10m, not " + options.interval);
  }
  spec::LoadResult loaded = spec::load_files(options.config_files);
  for (const spec::Diagnostic& diagnostic : loaded.diagnostics) {
    fmt::print(stderr, "{}\n", diagnostic.text());
  }
  if (!loaded.ok()) return daemon::exit_bad_config;
  if (!narrow(loaded.config, options.metrics)) {
    return complain(options.metrics.empty() ? "the config has no metrics"
                                            : fmt::format("the config has no metric {}",
                                                          fmt::join(options.metrics, " or ")));
  }
  loaded.config.global.drain_interval = *interval;

  daemon::RunOptions run;
  run.listen_addresses.clear();
  run.root = options.root;
  run.attach = options.attach;
  run.pairs = options.pairs;
  const bool on_screen = isatty(STDOUT_FILENO) == 1 && !options.once;
  const std::unique_ptr<Watch> watch = on_screen
                                           ? std::unique_ptr<Watch>(std::make_unique<Screen>())
                                           : std::make_unique<Printed>(options.once);
  const daemon::Log log(daemon::LogLevel::warn, [&](std::string_view line) { watch->said(line); });
  return daemon::run_watched(run, std::move(loaded.config), log, *watch);
}

}  // namespace sdt::cli
