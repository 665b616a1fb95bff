#include "daemon/service.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace sdt::daemon {

Service::Environment Service::environment() {
  return {std::getenv("NOTIFY_SOCKET"), std::getenv("WATCHDOG_USEC"), std::getenv("WATCHDOG_PID")};
}

Service::Service(boost::asio::io_context& loop, const Environment& environment, const Log& log)
    : log_(log),
      watchdog_(watchdog_interval(environment.watchdog_usec, environment.watchdog_pid, getpid())),
      timer_(loop) {
  auto notifier = Notifier::open(environment.notify_socket);
  if (notifier) {
    notifier_ = std::move(*notifier);
  } else {
    report(tl::unexpected(std::move(notifier).error()));
  }
}

void Service::stopping() {
  timer_.cancel();
  report(notifier_.stopping());
}

void Service::status(const std::string& text) {
  if (text == status_) return;
  status_ = text;
  report(notifier_.status(text));
}

void Service::detaching(std::size_t sites_left) {
  const std::string text = fmt::format("detaching, {} sites left", sites_left);
  if (text == status_) return;
  status(text);
  // A site takes about 0.1 s; a minute without any progress is a kernel that hangs.
  report(notifier_.extend_timeout(std::chrono::minutes(1)));
}

void Service::keep_alive_while(std::function<bool()> is_well) {
  if (!watchdog_ || !has_manager()) return;
  is_well_ = std::move(is_well);
  feed();
}

void Service::feed() {
  const bool is_well = is_well_();
  if (is_well) report(notifier_.watchdog());
  if (!is_well && was_well_) {
    log_.error("no drain has succeeded for too long: the service manager's watchdog is not fed");
  }
  was_well_ = is_well;
  timer_.expires_after(*watchdog_ / 2);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) feed();
  });
}

/// A manager that cannot be told is no reason to stop counting.
void Service::report(const Status& said) {
  const std::string problem = said ? "" : said.error().message;
  if (!problem.empty() && problem != problem_) {
    log_.warn("the service manager does not hear", {{"error", problem}});
  }
  problem_ = problem;
}

std::string status_text(const metrics::SelfMetrics& self) {
  std::size_t metrics = 0;
  std::size_t attached = 0;
  std::uint64_t processes = 0;
  std::uint64_t series = 0;
  for (const metrics::SelfMetrics::Target& target : self.targets) {
    processes += target.processes;
    metrics += target.metrics.size();
    for (const metrics::SelfMetrics::Metric& metric : target.metrics) {
      attached += metric.attached ? 1 : 0;
      series += metric.series;
    }
  }
  return fmt::format("{} of {} metrics attached, {} process{} of {} target{}, {} series", attached,
                     metrics, processes, processes == 1 ? "" : "es", self.targets.size(),
                     self.targets.size() == 1 ? "" : "s", series);
}

}  // namespace sdt::daemon
