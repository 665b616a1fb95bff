// Supervisor: what is listened on, and what is answered.
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "daemon/supervisor_impl.h"
#include "daemon/version.h"
#include "expose/exposition.h"
#include "expose/html.h"
#include "expose/passed_sockets.h"
#include "expose/process_metrics.h"
#include "expose/targets_json.h"
#include "expose/targets_page.h"
#include "metrics/self.h"

namespace sdt::daemon {
namespace {

/// A scrape that finds older data drains first.
constexpr std::chrono::seconds fresh_enough{1};

expose::Response not_ready() {
  return {.status = 503, .body = "sdt_exporter has not looked at the processes yet.\n"};
}

}  // namespace

void log_diagnostics(const Log& log, std::string_view what,
                     const std::vector<spec::Diagnostic>& diagnostics) {
  for (const spec::Diagnostic& diagnostic : diagnostics) {
    const Log::Fields fields{{"problem", diagnostic.text()}};
    if (diagnostic.severity == spec::Severity::error) {
      log.error(what, fields);
    } else {
      log.warn(what, fields);
    }
  }
}

/// The web config is followed while the daemon runs; this says what became of a change.
void Supervisor::protect(std::shared_ptr<expose::WebConfigFile> web) {
  web->notify([this](bool is_taken, const expose::WebConfigFile::Diagnostics& diagnostics) {
    log_diagnostics(log_, "web config", diagnostics);
    if (is_taken) {
      log_.info("web config reloaded");
    } else {
      log_.error("web config not reloaded, the one before stays in force");
    }
  });
  server_.protect(std::move(web));
}

Status Supervisor::listen() {
  if (options_.web_systemd_socket) return listen_on_passed_sockets();
  for (const std::string& address : options_.listen_addresses) {
    if (auto status = listening(server_.listen(address)); !status) return status;
  }
  return {};
}

Status Supervisor::listen_on_passed_sockets() {
  auto sockets = expose::take_passed_sockets();
  if (!sockets) return tl::unexpected(std::move(sockets).error());
  for (UniqueFd& socket : *sockets) {
    if (auto status = listening(server_.listen_on(std::move(socket))); !status) return status;
  }
  return {};
}

Status Supervisor::listening(const Result<std::string>& address) const {
  if (!address) return tl::unexpected(address.error());
  log_.info("listening", {{"address", *address}, {"path", options_.telemetry_path}});
  return {};
}

void Supervisor::serve() {
  server_.handle(options_.telemetry_path,
                 [this](const expose::Request&) { return metrics_response(); });
  server_.handle("/-/healthy", [](const expose::Request&) {
    return expose::Response{.body = "sdt_exporter is healthy.\n"};
  });
  server_.handle("/-/ready", [this](const expose::Request&) {
    if (ready_) return expose::Response{.body = "sdt_exporter is ready.\n"};
    return not_ready();
  });
  server_.handle("/-/reload", {expose::Method::post, expose::Method::put},
                 [this](const expose::Request&) { return reload_response(); });
  server_.handle("/", [this](const expose::Request&) {
    if (!ready_) return not_ready();
    return expose::Response{.content_type = expose::html_content_type,
                            .body = expose::overview_page(targets_view())};
  });
  server_.handle("/targets", [this](const expose::Request& request) {
    if (!ready_) return not_ready();
    return expose::Response{.content_type = expose::html_content_type,
                            .body = expose::targets_page(targets_view(), request.query)};
  });
  server_.handle("/api/v1/targets", [this](const expose::Request&) {
    if (!ready_) return not_ready();
    return expose::Response{.content_type = expose::json_content_type,
                            .body = expose::targets_json(targets_view())};
  });
}

void Supervisor::drain_unless_fresh() {
  if (steady_clock::now() - last_drain_ >= fresh_enough) drain_now();
}

expose::TargetsView Supervisor::targets_view() {
  drain_unless_fresh();
  const auto now = steady_clock::now();
  return {.version = version,
          .telemetry_path = options_.telemetry_path,
          .age = now - last_drain_,
          .targets = engine_->targets_view(now)};
}

expose::Response Supervisor::metrics_response() {
  if (!ready_) return not_ready();
  drain_unless_fresh();
  metrics::SelfMetrics self = engine_->self_metrics();
  self.version = version;
  self.drain_duration = drain_duration_;
  self.last_drain = last_drain_wall_;
  self.hit_cost = backend_->features().trial.hit_cost;
  self.last_reload_ok = last_reload_ok_;
  self.last_reload_success = loaded_wall_;
  metrics::Snapshot snapshot = engine_->snapshot();
  for (metrics::MetricSnapshot& metric : metrics::collect(self))
    snapshot.metrics.push_back(std::move(metric));
  snapshot.metrics.push_back(server_.dropped_connections());
  if (auto process = expose::read_process_metrics()) {
    for (metrics::MetricSnapshot& metric : *process) snapshot.metrics.push_back(std::move(metric));
  }
  return {.content_type = expose::text_content_type, .body = expose::to_text(snapshot)};
}

expose::Response Supervisor::reload_response() {
  if (!options_.enable_lifecycle) {
    return {.status = 403, .body = "Reloading over HTTP takes --web.enable-lifecycle.\n"};
  }
  reload();
  if (last_reload_ok_) return {.body = "The config is reloaded.\n"};
  // What is wrong with it is in the log: a web page shows nothing out of files.
  return {.status = 500, .body = "The config has mistakes; the one before stays in force.\n"};
}

}  // namespace sdt::daemon
