// Probes that belong together: spans of time, recursion, hand-over between threads, up and down.
#include <sys/sdt.h>
#include <time.h>

#include <cstdint>

#include "exact/case.h"

namespace exact {
namespace {

std::uint64_t monotonic_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

/// A span from probe to probe, timed from just outside of both and from just inside of both.
class Stopwatch {
 public:
  void before_start() { before_start_ = monotonic_nanoseconds(); }
  void after_start() { after_start_ = monotonic_nanoseconds(); }
  void before_end() { before_end_ = monotonic_nanoseconds(); }
  [[nodiscard]] Tally after_end() const {
    return {1, before_end_ - after_start_, monotonic_nanoseconds() - before_start_};
  }

 private:
  std::uint64_t before_start_ = 0;
  std::uint64_t after_start_ = 0;
  std::uint64_t before_end_ = 0;
};

[[gnu::noinline]] void span_start(std::uint32_t kind) {
  DTRACE_PROBE1(exact, span__start, kind);
}
[[gnu::noinline]] void span_end(std::int32_t status) {
  DTRACE_PROBE1(exact, span__end, status);
}
[[gnu::noinline]] void walk_start(std::uint32_t level) {
  DTRACE_PROBE1(exact, walk__start, level);
}
[[gnu::noinline]] void walk_end(std::uint32_t level) {
  DTRACE_PROBE1(exact, walk__end, level);
}
[[gnu::noinline]] void job_start(std::uint64_t id) {
  DTRACE_PROBE1(exact, job__start, id);
}
[[gnu::noinline]] void job_end(std::uint32_t other, std::uint64_t id) {
  DTRACE_PROBE2(exact, job__end, other, id);
}
[[gnu::noinline]] void enter(std::uint32_t weight) {
  DTRACE_PROBE1(exact, enter, weight);
}
[[gnu::noinline]] void leave(std::uint32_t weight) {
  DTRACE_PROBE1(exact, leave, weight);
}
[[gnu::noinline]] void level(std::uint32_t thread, std::int64_t value) {
  DTRACE_PROBE2(exact, level, thread, value);
}
[[gnu::noinline]] void burst(std::uint32_t id) {
  DTRACE_PROBE1(exact, burst, id);
}

void walk(Truth& truth, std::uint32_t depth, std::uint32_t deepest) {
  Stopwatch watch;
  watch.before_start();
  walk_start(depth);
  watch.after_start();
  if (depth < deepest) walk(truth, depth + 1, deepest);
  watch.before_end();
  walk_end(depth);
  truth[{"walk", json(std::uint64_t{depth})}].add(watch.after_end());
}

}  // namespace

void fire_pairs(Truth& truth, unsigned rounds) {
  for (unsigned round = 0; round < rounds; ++round) {
    const std::uint32_t kind = round % 3;
    const std::int32_t status = round % 5 == 0 ? -1 : 0;
    Stopwatch watch;
    watch.before_start();
    span_start(kind);
    watch.after_start();
    watch.before_end();
    span_end(status);
    truth[{"span", json(std::uint64_t{kind}) + "," + json(std::int64_t{status})}].add(
        watch.after_end());
    walk(truth, 0, round % 6);
  }
}

void fire_gauges(Truth& truth, unsigned thread, unsigned rounds) {
  for (unsigned round = 0; round < rounds; ++round) {
    const std::uint32_t weight = round % 7;
    enter(weight);
    ++truth[{"enter", json(std::uint64_t{weight})}].count;
    if (round % 4 != 0) {  // some stay
      leave(weight);
      ++truth[{"leave", json(std::uint64_t{weight})}].count;
    }
    // Always rising, and below zero: the greatest is the last.
    const std::int64_t value = -1'000'000 + static_cast<std::int64_t>(round) * 10 + thread;
    level(thread, value);
    ++truth[{"level", json(std::uint64_t{thread}) + "," + json(value)}].count;
  }
}

void start_job(std::uint64_t id) {
  job_start(id);
}

void end_job(Truth& truth, std::uint64_t id) {
  job_end(0xFFFF'FFFF, id);
  ++truth[{"job", json(id)}].count;
}

void fire_burst(Truth& truth, std::uint32_t first, std::uint32_t last) {
  for (std::uint32_t id = first; id < last; ++id) burst(id);
  for (std::uint32_t id = first; id < last; ++id) ++truth[{"burst", json(std::uint64_t{id})}].count;
}

}  // namespace exact
