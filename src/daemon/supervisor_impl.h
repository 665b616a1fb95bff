// The supervisor as its own files see it.
//
// Purpose:   what run() is made of: the loop and its timers (supervisor.cpp), the pages
//            (supervisor_web.cpp).
// Ownership: owns everything that runs; the options and the log must outlive it.
// Thread:    the loop.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/engine.h"
#include "daemon/host_files.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "daemon/onlooker.h"
#include "daemon/service.h"
#include "daemon/supervisor.h"
#include "expose/http_server.h"
#include "expose/targets_view.h"
#include "expose/web_config_file.h"
#include "kernel/backend.h"
#include "kernel/canary.h"
#include "proc/procfs.h"
#include "proc/watcher.h"
#include "spec/config.h"
#include "spec/load.h"

namespace sdt::daemon {

namespace asio = boost::asio;
using std::chrono::steady_clock;

/// A line each.
void log_diagnostics(const Log& log, std::string_view what,
                     const std::vector<spec::Diagnostic>& diagnostics);

class Supervisor {
 public:
  Supervisor(const RunOptions& options, spec::Config config,
             std::shared_ptr<expose::WebConfigFile> web, const Log& log,
             Onlooker* onlooker = nullptr)
      : options_(options),
        config_(std::make_shared<const spec::Config>(std::move(config))),
        log_(log),
        onlooker_(onlooker),
        host_files_(options.root.empty() ? HostFiles() : HostFiles(options.root)),
        service_(loop_, onlooker == nullptr ? Service::environment() : Service::Environment{}, log),
        server_(loop_, {}) {
    if (web) protect(std::move(web));
  }

  [[nodiscard]] int run();

 private:
  [[nodiscard]] Status start();
  void protect(std::shared_ptr<expose::WebConfigFile> web);
  [[nodiscard]] Status listen();
  void report_trial(const kernel::HitTrial& trial) const;
  [[nodiscard]] Status listen_on_passed_sockets();
  [[nodiscard]] Status listening(const Result<std::string>& address) const;
  void serve();
  void report_capabilities(bool uprobe_multi) const;
  [[nodiscard]] bool is_well() const;
  void follow_processes();
  void await_file_writers();
  using EngineTurn = void (Engine::*)(std::chrono::steady_clock::time_point);
  void watch(std::optional<asio::posix::stream_descriptor>& descriptor, int fd, const char* what,
             EngineTurn turn);
  void await(asio::posix::stream_descriptor& descriptor, const char* what, EngineTurn turn);
  void reconcile_and_rearm();
  void after_turn();
  void drain_and_rearm();
  void drain_now();
  void check_budget_and_rearm();
  template <class Work>
  void guarded(const char* what, Work work) const;
  void await_signal();
  void reload();
  void take_up_new_config();
  [[nodiscard]] expose::Response reload_response();
  void stop(int signal);
  void drain_unless_fresh();
  [[nodiscard]] expose::TargetsView targets_view();
  [[nodiscard]] expose::Response metrics_response();

  const RunOptions& options_;
  std::shared_ptr<const spec::Config> config_;
  const Log& log_;
  Onlooker* onlooker_;  ///< or null
  HostFiles host_files_;
  proc::Procfs procfs_{"/proc", host_files_.root() + "/var/log"};
  asio::io_context loop_;
  Service service_;
  asio::signal_set signals_{loop_};
  asio::signal_set lease_signals_{loop_};
  asio::steady_timer reconcile_timer_{loop_};
  asio::steady_timer turn_timer_{loop_};
  std::optional<steady_clock::time_point> turn_at_;  ///< that the timer is set to
  asio::steady_timer drain_timer_{loop_};
  asio::steady_timer budget_timer_{loop_};
  expose::HttpServer server_;
  std::unique_ptr<proc::Watcher> watcher_;
  std::optional<kernel::Canary> canary_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<kernel::KernelBackend> backend_;
  std::unique_ptr<Engine>
      engine_;  // before the backend in destruction: its programs use the backend's maps
  metrics::DurationHistogram drain_duration_ = metrics::SelfMetrics().drain_duration;
  steady_clock::time_point last_drain_;
  steady_clock::time_point last_good_drain_;
  metrics::SelfMetrics::WallTime last_drain_wall_;
  metrics::SelfMetrics::WallTime loaded_wall_;
  bool last_reload_ok_ = true;
  std::optional<asio::posix::stream_descriptor> watched_files_;
  std::optional<asio::posix::stream_descriptor> watched_directories_;
  bool ready_ = false;
};

}  // namespace sdt::daemon
