// sample: the program that docs/from-bpftrace.md traces.
//
// On a line from standard input it fires, and then answers "done":
//
//   sample:reply(size)               once for each size from 0 to 5000, so that every edge of every
//                                    bucket is there; a 32-bit unsigned number
//   sample:change(items)             -50 to 149, a 32-bit signed number
//   sample:alloc(bytes)              a few, whose sum needs more than 32 bits
//   sample:request(id, path)         paths by weight
//   sample:work__start()             and, in the same thread, 1.4, 5.7 or 23 ms later
//   sample:work__done()
//   sample_controller:list(name, ns) durations in nanoseconds, the edges of the buckets among them
//   sample_controller:show(name, ns)
#include <pthread.h>
#include <sys/sdt.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;

void fire_replies() {
  for (std::uint32_t size = 0; size <= 5000; ++size) DTRACE_PROBE1(sample, reply, size);
}

void fire_changes() {
  for (std::int32_t items = -50; items < 150; ++items) DTRACE_PROBE1(sample, change, items);
}

void fire_allocations() {
  for (std::uint64_t megabytes = 1; megabytes <= 100; ++megabytes) {
    const std::uint64_t bytes = megabytes << 20U;
    DTRACE_PROBE1(sample, alloc, bytes);
  }
}

void fire_requests() {
  const std::array<const char*, 4> paths = {"/", "/login", "/search", "/basket"};
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    for (std::size_t times = 0; times < 10 * (i + 1); ++times, ++id) {
      const char* path = paths[i];
      DTRACE_PROBE2(sample, request, id, path);
    }
  }
}

// Sleeps that end in the middle of a bucket between powers of two: the two tracers look at the
// clock one after the other, and must not see the same event on two sides of a bound.
// Nor may anybody else get the processor between the two: hence real time.
void work() {
  const sched_param priority{.sched_priority = 1};
  if (const int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority); error != 0) {
    std::cerr << "no real time: " << std::strerror(error) << std::endl;
  }
  for (const std::chrono::microseconds time : {1400us, 5700us, 23000us}) {
    for (int times = 0; times < 10; ++times) {
      DTRACE_PROBE(sample, work__start);
      std::this_thread::sleep_for(time);
      DTRACE_PROBE(sample, work__done);
    }
  }
}

void work_in_two_threads() {
  std::thread one(work);
  std::thread other(work);
  one.join();
  other.join();
}

void fire_controllers() {
  const char* one = "users#list";
  const char* other = "users#show";
  for (const std::int64_t milliseconds : {0, 1, 99, 100, 199, 200, 1000, 1999, 2000, 9000}) {
    for (const std::int64_t nanoseconds : {0, 1, 999'999}) {
      const std::int64_t time = milliseconds * 1'000'000 + nanoseconds;
      DTRACE_PROBE2(sample_controller, list, one, time);
      if (milliseconds < 200) DTRACE_PROBE2(sample_controller, show, other, time);
    }
  }
}

}  // namespace

int main() {
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    fire_replies();
    fire_changes();
    fire_allocations();
    fire_requests();
    fire_controllers();
    work_in_two_threads();
    std::cout << "done" << std::endl;
  }
}
