#include "daemon/supervisor.h"

#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "daemon/keeper.h"
#include "daemon/supervisor_impl.h"
#include "daemon/version.h"
#include "kernel/capabilities.h"

namespace sdt::daemon {
namespace {

/// Repairs what the records missed.
constexpr std::chrono::seconds reconcile_interval{30};
/// Where the kernel gives no records.
constexpr std::chrono::seconds rescan_interval{2};
/// How often is looked at what tracing costs.
constexpr std::chrono::seconds budget_interval{1};

/// A file descriptor for each perf uprobe: take what the hard limit allows.
void raise_open_files_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  // Refused only in odd sandboxes, and then attaching says so itself.
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
}

}  // namespace

Status Supervisor::start() {
  raise_open_files_limit();
  loaded_wall_ = std::chrono::system_clock::now();
  serve();
  if (auto status = listen(); !status) return status;
  auto features = kernel::detect_features(options_.attach, options_.pairs);
  if (!features) return tl::unexpected(std::move(features).error());
  log_.info("kernel", {{"attach", features->text()}});
  report_capabilities(features->uprobe_multi);
  // Before any thread or link is there. Its end, for which the kernel takes its time, can wait.
  canary_.emplace(features->uprobe_multi);
  features->trial = canary_->trial();
  if (const auto cost = features->trial.hit_cost) {
    features->trap_cost = std::chrono::round<std::chrono::nanoseconds>(*cost);
  }
  report_trial(features->trial);
  kernel::KernelBackend::set_log([this](bool warning, std::string_view line) {
    // A failed load ends in an error of our own; the verifier's pages are for those who ask.
    static_cast<void>(warning);
    log_.debug("libbpf", {{"line", std::string(line)}});
  });
  if (onlooker_ == nullptr) {
    auto keeper = find_keeper(options_.state_directory);
    if (!keeper) return tl::unexpected(std::move(keeper).error());
    if (*keeper) memory_ = std::make_unique<Memory>(std::move(*keeper), log_);
  }
  auto inheritance = memory_ ? memory_->recall() : std::nullopt;
  auto backend = kernel::KernelBackend::create(
      *features, inheritance ? Engine::shared_of(*inheritance) : plan::Adopted{});
  if (!backend) return tl::unexpected(std::move(backend).error());
  backend_ = std::move(*backend);
  // Before the first look at /proc: what happens meanwhile is then in the records.
  auto watcher = proc::Watcher::open(loop_);
  if (watcher) {
    watcher_ = std::move(*watcher);
  } else {
    log_.warn(
        "no records of processes: looking at /proc every 2 s instead; events of a new file's first "
        "moments and of processes that live shorter are lost",
        {{"error", watcher.error().message}});
  }
  engine_ = std::make_unique<Engine>(
      Engine::Surroundings{*backend_, procfs_, host_files_, watcher_.get(), memory_.get(), log_});
  if (inheritance) {
    engine_->inherit(config_, *inheritance, steady_clock::now());
    memory_->let_go_of_rest(std::move(*inheritance));
    log_.info("going on where an earlier run stopped");
  } else {
    engine_->take_up(config_, steady_clock::now());
  }
  return {};
}

void Supervisor::report_trial(const kernel::HitTrial& trial) const {
  const auto cost = trial.hit_cost ? fmt::format("{:.0f}", trial.hit_cost->count()) : "unknown";
  log_.info("canary", {{"found", trial.text}, {"hit_nanoseconds", cost}});
}

/// Those without which something is attached all the same: the others have ended it.
void Supervisor::report_capabilities(bool uprobe_multi) const {
  const auto own = kernel::own_capabilities();
  if (!own) return log_.warn("capabilities not known", {{"error", own.error().message}});
  for (const auto& missing : kernel::missing_capabilities(*own, uprobe_multi)) {
    log_.warn("a capability is missing",
              {{"capability", missing.name}, {"needed_for", missing.needed_for}});
  }
}

/// The loop runs, or nobody would ask; and what it is there for gets done.
bool Supervisor::is_well() const {
  return steady_clock::now() - last_good_drain_ <=
         config_->global.drain_interval + *service_.watchdog();
}

/// One turn that fails (out of memory, say) must not end all the turns after it.
template <class Work>
void Supervisor::guarded(const char* what, Work work) const {
  try {
    work();
  } catch (const std::exception& error) {
    log_.error("a turn failed and is tried again", {{"turn", what}, {"error", error.what()}});
  }
}

void Supervisor::follow_processes() {
  if (!watcher_) return;
  watcher_->notify([this] {
    guarded("follow", [this] { engine_->follow(steady_clock::now()); });
    after_turn();
  });
}

/// A writer of an attached file waits for us: SIGIO for leases, inotify where there are none.
void Supervisor::await_file_writers() {
  lease_signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    guarded("release", [this] { engine_->release_files(steady_clock::now()); });
    after_turn();
    await_file_writers();
  });
}

/// The descriptor is the engine's, and is released before the engine goes.
void Supervisor::watch(std::optional<asio::posix::stream_descriptor>& descriptor, int fd,
                       const char* what, EngineTurn turn) {
  if (fd < 0) return;
  descriptor.emplace(loop_, fd);
  await(*descriptor, what, turn);
}

void Supervisor::await(asio::posix::stream_descriptor& descriptor, const char* what,
                       EngineTurn turn) {
  descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                        [this, &descriptor, what, turn](const boost::system::error_code& error) {
                          if (error) return;
                          guarded(what, [&] { (*engine_.*turn)(steady_clock::now()); });
                          after_turn();
                          await(descriptor, what, turn);
                        });
}

void Supervisor::reconcile_and_rearm() {
  if (watcher_) watcher_->refresh_cpus();
  guarded("reconcile", [this] { engine_->reconcile(steady_clock::now()); });
  after_turn();
  if (!std::exchange(ready_, true)) log_.info("ready");
  reconcile_timer_.expires_after(watcher_ ? reconcile_interval : rescan_interval);
  reconcile_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) reconcile_and_rearm();
  });
}

/// The engine has moved: is there something it must not wait with?
void Supervisor::after_turn() {
  if (engine_->is_drain_urgent()) guarded("drain", [this] { drain_now(); });
  const auto next = engine_->next_turn();
  if (next == turn_at_) return;
  turn_at_ = next;
  if (!next) {
    turn_timer_.cancel();
    return;
  }
  turn_timer_.expires_at(*next);
  turn_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    turn_at_.reset();
    guarded("turn", [this] { engine_->turn(steady_clock::now()); });
    after_turn();
  });
}

void Supervisor::drain_now() {
  const auto before = steady_clock::now();
  const auto before_wall = std::chrono::system_clock::now();
  const bool is_good = engine_->drain(before);
  // When it began: what fired while it ran may have come too late to be read.
  last_drain_ = before;
  last_drain_wall_ = before_wall;
  const auto after = steady_clock::now();
  if (is_good) last_good_drain_ = after;
  drain_duration_.observe(after - before);
  if (service_.has_manager()) service_.status(status_text(engine_->self_metrics()));
}

void Supervisor::drain_and_rearm() {
  guarded("drain", [this] {
    drain_now();
    if (onlooker_ != nullptr) onlooker_->drained(*engine_, last_drain_);
  });
  after_turn();
  drain_timer_.expires_after(config_->global.drain_interval);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) drain_and_rearm();
  });
}

void Supervisor::check_budget_and_rearm() {
  guarded("budget", [this] { engine_->check_budget(steady_clock::now()); });
  after_turn();
  budget_timer_.expires_after(budget_interval);
  budget_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) check_budget_and_rearm();
  });
}

void Supervisor::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    // One who looks on and whose terminal goes has seen enough.
    if (signal != SIGHUP || onlooker_ != nullptr) return stop(signal);
    reload();
    await_signal();
  });
}

void Supervisor::reload() {
  service_.reloading(steady_clock::now());
  last_reload_ok_ = false;
  guarded("reload", [this] { take_up_new_config(); });
  service_.ready();
}

/// All of the new config, or nothing of it.
void Supervisor::take_up_new_config() {
  spec::LoadResult loaded = spec::load_files(options_.config_files);
  log_diagnostics(log_, "config", loaded.diagnostics);
  if (!loaded.ok()) {
    log_.error("config not reloaded, the one before stays in force");
    return;
  }
  config_ = std::make_shared<const spec::Config>(std::move(loaded.config));
  engine_->take_up(config_, steady_clock::now());
  loaded_wall_ = std::chrono::system_clock::now();
  last_reload_ok_ = true;
  reconcile_and_rearm();
  drain_and_rearm();
  log_.info("config reloaded", {{"targets", std::to_string(config_->targets.size())}});
}

void Supervisor::stop(int signal) {
  log_.info("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
  service_.stopping();
  if (onlooker_ != nullptr) onlooker_->ending();
  reconcile_timer_.cancel();
  turn_timer_.cancel();
  drain_timer_.cancel();
  budget_timer_.cancel();
  server_.close();
  drain_now();
  loop_.stop();
}

int Supervisor::run() {
  // Before anything slow: a signal that comes early is answered as well.
  signals_.add(SIGTERM);
  signals_.add(SIGINT);
  signals_.add(SIGHUP);
  if (onlooker_ != nullptr) signals_.add(SIGQUIT);  // its terminal is not as it was
  lease_signals_.add(SIGIO);
  if (auto status = start(); !status) {
    log_.error("cannot start", {{"error", status.error().message}});
    return exit_failure;
  }
  await_signal();
  if (onlooker_ != nullptr) onlooker_->begin(loop_, [this] { stop(SIGTERM); });
  await_file_writers();
  watch(watched_files_, engine_->watches().fd(), "release", &Engine::release_files);
  watch(watched_directories_, engine_->directories().fd(), "changes", &Engine::look_at_changes);
  reconcile_and_rearm();
  follow_processes();
  drain_and_rearm();
  check_budget_and_rearm();
  service_.ready();
  canary_.reset();
  service_.keep_alive_while([this] { return is_well(); });
  loop_.run();
  for (auto* descriptor : {&watched_files_, &watched_directories_}) {
    if (*descriptor) (*descriptor)->release();  // the engine's own
  }
  // Unless the next daemon is to go on.
  engine_->let_go([this](std::size_t sites_left) { service_.detaching(sites_left); });
  engine_.reset();
  if (memory_) memory_->end();
  log_.info("stopped");
  return exit_ok;
}

int run(const RunOptions& options) {
  const Log log(options.log_level, options.log_format);
  spec::LoadResult loaded = spec::load_files(options.config_files);
  for (const spec::Diagnostic& diagnostic : loaded.diagnostics) {
    fmt::print(stderr, "{}\n", diagnostic.text());
  }
  std::shared_ptr<expose::WebConfigFile> web;
  if (!options.web_config_file.empty()) {
    expose::WebConfigFile::Diagnostics diagnostics;
    web = expose::WebConfigFile::open(options.web_config_file, diagnostics);
    for (const spec::Diagnostic& diagnostic : diagnostics) {
      fmt::print(stderr, "{}\n", diagnostic.text());
    }
    if (!web) return exit_bad_config;
  }
  if (!loaded.ok()) return exit_bad_config;
  log.info("sdt_exporter", {{"version", std::string(version)},
                            {"targets", std::to_string(loaded.config.targets.size())}});
  if (loaded.config.targets.empty()) {
    log.warn("the config has no targets: nothing but the exporter itself will be measured");
  }
  return Supervisor(options, std::move(loaded.config), std::move(web), log).run();
}

int run_watched(const RunOptions& options, spec::Config config, const Log& log,
                Onlooker& onlooker) {
  Supervisor supervisor(options, std::move(config), nullptr, log, &onlooker);
  try {
    return supervisor.run();
  } catch (const std::exception& error) {
    // Caught, or his terminal would stay as he made it.
    onlooker.ending();
    log.error("ended by an error", {{"error", error.what()}});
    return exit_failure;
  }
}

}  // namespace sdt::daemon
