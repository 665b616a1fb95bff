#include "expose/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace sdt::expose {
namespace {

using metrics::MetricSnapshot;
using spec::MetricType;

std::optional<std::uint64_t> to_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The numbered fields of /proc/PID/stat, counted from 1 as proc(5) does.
class StatFields {
 public:
  explicit StatFields(std::string_view stat) {
    // The second field is the command in parentheses, and may itself have blanks and parentheses.
    const std::size_t command_end = stat.rfind(')');
    if (command_end == std::string_view::npos) return;
    std::string_view rest = stat.substr(command_end + 1);
    while (true) {
      rest.remove_prefix(std::min(rest.find_first_not_of(" \n"), rest.size()));
      if (rest.empty()) return;
      const std::size_t length = std::min(rest.find_first_of(" \n"), rest.size());
      from_third_.push_back(rest.substr(0, length));
      rest.remove_prefix(length);
    }
  }

  [[nodiscard]] std::optional<std::uint64_t> number(std::size_t field) const {
    const std::size_t index = field - 3;
    return index < from_third_.size() ? to_number(from_third_[index]) : std::nullopt;
  }

 private:
  std::vector<std::string_view> from_third_;
};

MetricSnapshot metric(MetricType type, std::string name, std::string help, Int128 value,
                      double scale = 1) {
  return {std::move(name), std::move(help), type, scale, {}, {{{}, value}}};
}

Result<std::string> read_text(const char* path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file || text.empty()) return fail(Errc::io, fmt::format("cannot read {}", path));
  return text;
}

Result<std::uint64_t> count_open_fds() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  std::uint64_t count = 0;
  while (!error && entry != std::filesystem::directory_iterator()) {
    ++count;
    entry.increment(error);
  }
  if (error) return fail_errno(error.value(), "list /proc/self/fd");
  return count - 1;  // without the one that lists them
}

}  // namespace

Result<std::vector<MetricSnapshot>> process_metrics(const ProcessFacts& facts) {
  constexpr std::size_t utime = 14, stime = 15, starttime = 22, vsize = 23, rss = 24;
  const StatFields stat(facts.stat);
  const auto user = stat.number(utime), system = stat.number(stime), start = stat.number(starttime);
  const auto virtual_bytes = stat.number(vsize), resident_pages = stat.number(rss);
  if (!user || !system || !start || !virtual_bytes || !resident_pages) {
    return fail(Errc::invalid, "/proc/self/stat does not have the fields that proc(5) describes");
  }
  const double tick = 1 / static_cast<double>(facts.ticks_per_second);
  std::vector<MetricSnapshot> all;
  all.push_back(metric(MetricType::counter, "process_cpu_seconds_total",
                       "Total user and system CPU time spent in seconds.",
                       Int128{*user} + Int128{*system}, tick));
  if (facts.max_fds) {
    all.push_back(metric(MetricType::gauge, "process_max_fds",
                         "Maximum number of open file descriptors.", Int128{*facts.max_fds}));
  }
  all.push_back(metric(MetricType::gauge, "process_open_fds", "Number of open file descriptors.",
                       Int128{facts.open_fds}));
  all.push_back(metric(MetricType::gauge, "process_resident_memory_bytes",
                       "Resident memory size in bytes.",
                       Int128{*resident_pages} * Int128{facts.page_size}));
  all.push_back(metric(MetricType::gauge, "process_start_time_seconds",
                       "Start time of the process since unix epoch in seconds.",
                       Int128{facts.boot_time} * Int128{facts.ticks_per_second} + Int128{*start},
                       tick));
  all.push_back(metric(MetricType::gauge, "process_virtual_memory_bytes",
                       "Virtual memory size in bytes.", Int128{*virtual_bytes}));
  return all;
}

Result<std::uint64_t> parse_boot_time(std::string_view proc_stat) {
  constexpr std::string_view name = "btime ";
  // The line is never the first one.
  const std::size_t line = proc_stat.find("\nbtime ");
  if (line != std::string_view::npos) {
    std::string_view value = proc_stat.substr(line + 1 + name.size());
    value = value.substr(0, value.find('\n'));
    if (const auto seconds = to_number(value)) return *seconds;
  }
  return fail(Errc::invalid, "/proc/stat has no btime line");
}

Result<std::vector<MetricSnapshot>> read_process_metrics() {
  const Result<std::string> stat = read_text("/proc/self/stat");
  if (!stat) return tl::unexpected(stat.error());
  const Result<std::string> system = read_text("/proc/stat");
  if (!system) return tl::unexpected(system.error());
  const Result<std::uint64_t> boot_time = parse_boot_time(*system);
  if (!boot_time) return tl::unexpected(boot_time.error());
  const Result<std::uint64_t> open_fds = count_open_fds();
  if (!open_fds) return tl::unexpected(open_fds.error());
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_errno(errno, "getrlimit(RLIMIT_NOFILE)");

  ProcessFacts facts;
  facts.stat = *stat;
  facts.boot_time = *boot_time;
  facts.ticks_per_second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  facts.page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  facts.open_fds = *open_fds;
  if (limit.rlim_cur != RLIM_INFINITY) facts.max_fds = limit.rlim_cur;
  return process_metrics(facts);
}

}  // namespace sdt::expose
