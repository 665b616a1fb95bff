#include "proc/watcher.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <iterator>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/unique_fd.h"
#include "proc/parse.h"
#include "proc/perf_record.h"
#include "proc/perf_ring.h"

namespace sdt::proc {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

std::uint64_t monotonic_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::set<unsigned> online_cpus() {
  std::ifstream file("/sys/devices/system/cpu/online");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::vector<unsigned> cpus = parse_cpu_list(text);
  return {cpus.begin(), cpus.end()};
}

}  // namespace

struct Watcher::State {
  explicit State(asio::io_context& loop)
      : wakeups(epoll_create1(EPOLL_CLOEXEC)), readiness(loop), timer(loop) {
    if (wakeups.valid()) readiness.assign(wakeups.get());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { readiness.release(); }

  [[nodiscard]] Status open_rings();
  void read_rings();
  void note_loss(std::uint64_t since);
  void wait();
  void on_readable();

  /// Between us and the rings: a descriptor that the loop knows wakes it for every single record,
  /// whether somebody waits for it or not. This one knows the rings only while we wait.
  UniqueFd wakeups;
  asio::posix::stream_descriptor readiness;
  asio::steady_timer timer;
  struct Source {
    PerfRing ring;
    std::uint64_t latest = 0;    ///< when what was read last happened
    bool is_loss_noted = false;  ///< before the kernel has told of it
  };
  std::list<Source> sources;
  std::vector<Record> kept;  ///< read, but younger than the latest take()
  std::optional<std::uint64_t> lost_since;
  std::uint64_t taken_until = 0;
  bool is_waiting = false;
  std::chrono::milliseconds pace = shortest_pace;
  std::function<void()> on_records;
  /// Handlers that run after our end find it gone.
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

Status Watcher::State::open_rings() {
  const std::set<unsigned> online = online_cpus();
  sources.remove_if([&](const Source& source) { return !online.contains(source.ring.cpu()); });
  for (const unsigned cpu : online) {
    const auto is_its = [&](const Source& source) { return source.ring.cpu() == cpu; };
    if (std::ranges::any_of(sources, is_its)) continue;
    auto ring = PerfRing::open(cpu);
    if (ring) {
      sources.push_back({std::move(*ring), monotonic_now()});
      note_loss(taken_until);
    } else if (ring.error().code != Errc::gone) {
      return tl::unexpected(std::move(ring).error());
    }
  }
  if (sources.empty()) return fail(Errc::unsupported, "no CPU is online that could be followed");
  return {};
}

void Watcher::State::read_rings() {
  for (Source& source : sources) {
    const bool was_full = source.ring.read([&](std::span<const std::byte> bytes) {
      auto record = parse_record(bytes);
      if (!record) return;
      if (std::holds_alternative<Lost>(record->what)) {
        if (!std::exchange(source.is_loss_noted, false)) note_loss(source.latest);
        return;
      }
      source.latest = record->time;
      kept.push_back(std::move(*record));
    });
    if (!was_full) continue;
    note_loss(source.latest);
    source.is_loss_noted = true;
  }
}

void Watcher::State::note_loss(std::uint64_t since) {
  lost_since = std::min(lost_since.value_or(since), since);
}

void Watcher::State::wait() {
  for (const Source& source : sources) {
    epoll_event armed{};
    armed.events = EPOLLIN;
    // EEXIST: it is waited for already.
    static_cast<void>(epoll_ctl(wakeups.get(), EPOLL_CTL_ADD, source.ring.fd(), &armed));
  }
  if (std::exchange(is_waiting, true)) return;
  readiness.async_wait(asio::posix::stream_descriptor::wait_read,
                       [this, still = std::weak_ptr(alive)](const error_code& error) {
                         if (error || still.expired()) return;
                         is_waiting = false;
                         for (const Source& source : sources) {
                           epoll_ctl(wakeups.get(), EPOLL_CTL_DEL, source.ring.fd(), nullptr);
                         }
                         on_readable();
                       });
}

void Watcher::State::on_readable() {
  if (on_records) on_records();
  timer.expires_after(pace);
  pace = std::min(2 * pace, longest_pace);
  timer.async_wait([this, still = std::weak_ptr(alive)](const error_code& error) {
    if (error || still.expired()) return;
    // What came meanwhile may have used up its readiness: look once more before waiting.
    read_rings();
    if (!kept.empty()) return on_readable();
    pace = shortest_pace;
    wait();
  });
}

Watcher::Watcher(std::unique_ptr<State> state) : state_(std::move(state)) {}

Watcher::~Watcher() = default;

Result<std::unique_ptr<Watcher>> Watcher::open(asio::io_context& loop) {
  auto state = std::make_unique<State>(loop);
  if (auto status = state->open_rings(); !status) return tl::unexpected(std::move(status).error());
  state->lost_since.reset();
  state->taken_until = monotonic_now();
  return std::unique_ptr<Watcher>(new Watcher(std::move(state)));
}

RecordSource::Batch Watcher::take() {
  // Rings are read one after the other: what is younger than this moment may have elders in a ring
  // that was read before.
  const std::uint64_t until = monotonic_now();
  std::vector<Record>& records = state_->kept;
  state_->read_rings();
  std::ranges::stable_sort(records, {}, &Record::time);
  const auto end = std::ranges::upper_bound(records, until, {}, &Record::time);
  Batch batch;
  batch.records.assign(std::move_iterator(records.begin()), std::move_iterator(end));
  records.erase(records.begin(), end);
  if (const auto since = std::exchange(state_->lost_since, std::nullopt)) {
    batch.lost = true;
    batch.lost_since = *since;
  }
  state_->taken_until = until;
  return batch;
}

void Watcher::notify(std::function<void()> on_records) {
  state_->on_records = std::move(on_records);
  state_->wait();
}

void Watcher::refresh_cpus() {
  // A CPU that cannot be followed now is tried again the next time.
  static_cast<void>(state_->open_rings());
  if (state_->is_waiting) state_->wait();  // for the new ones too
}

}  // namespace sdt::proc
