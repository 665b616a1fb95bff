// exact: fires a known multitude of events and says which.
//
// Prints "ready", waits for a line on standard input, fires from 16 threads, prints one line of
// JSON {"total": N, "events": [{"probe", "arguments", "count", "at_least", "at_most"}, …]} and
// stays until standard input ends, so that whoever watches can still look at the process.
#include <pthread.h>

#include <barrier>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "exact/case.h"

namespace exact {

std::string json(std::int64_t value) {
  return std::to_string(value);
}
std::string json(std::uint64_t value) {
  return std::to_string(value);
}

std::string json(std::string_view bytes) {
  std::string text = "\"";
  for (const char byte : bytes) {
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned char>(byte));
    text += escaped;
  }
  return text + "\"";
}

namespace {

constexpr unsigned thread_count = 16;
constexpr std::uint32_t burst_ids = 10'000;
constexpr std::uint32_t burst_threads_per_id = 4;
constexpr std::uint64_t jobs_per_thread = 200;

struct Thread {
  unsigned number = 0;
  Cases cases;
  Truth truth;
};

/// Every id is fired by four threads, at about the same time.
void fire_share_of_burst(Thread& self) {
  const std::uint32_t groups = thread_count / burst_threads_per_id;
  const std::uint32_t share = burst_ids / groups;
  const std::uint32_t group = self.number % groups;
  fire_burst(self.truth, group * share, (group + 1) * share);
}

void run(Thread& self, unsigned rounds, std::barrier<>& together) {
  const std::string name = "worker-" + std::to_string(self.number);
  pthread_setname_np(pthread_self(), name.c_str());

  together.arrive_and_wait();
  fire_share_of_burst(self);
  for (unsigned round = 0; round < rounds; ++round) fire_all(self.cases);
  fire_pairs(self.truth, 500);
  fire_gauges(self.truth, self.number, 300);
  fire_floats(self.truth, self.number, 300);
  if (self.number == 0) fire_cold_strings(self.truth, 50);

  const unsigned neighbour = (self.number + 1) % thread_count;
  for (std::uint64_t job = 0; job < jobs_per_thread; ++job) {
    start_job(self.number * jobs_per_thread + job);
  }
  together.arrive_and_wait();
  for (std::uint64_t job = 0; job < jobs_per_thread; ++job) {
    end_job(self.truth, neighbour * jobs_per_thread + job);
  }
  add_to(self.truth, self.cases);
}

Truth run_all(unsigned rounds) {
  std::barrier<> together(thread_count);
  std::vector<Thread> threads(thread_count);
  for (unsigned number = 0; number < thread_count; ++number) {
    Thread& thread = threads[number];
    thread.number = number;
    add_integer_cases(thread.cases);
    add_float_cases(thread.cases);
    add_natural_cases_unoptimized(thread.cases);
    add_natural_cases_optimized(thread.cases);
    add_string_cases(thread.cases);
    add_memory_cases(thread.cases);
  }
  std::vector<std::thread> running;
  for (Thread& thread : threads) running.emplace_back([&] { run(thread, rounds, together); });
  for (std::thread& each : running) each.join();

  Truth truth;
  for (const Thread& thread : threads) {
    for (const auto& [event, tally] : thread.truth) truth[event].add(tally);
  }
  return truth;
}

void print(const Truth& truth) {
  std::uint64_t total = 0;
  for (const auto& [event, tally] : truth) total += tally.count;
  std::cout << "{\"total\": " << total << ", \"events\": [";
  const char* separator = "";
  for (const auto& [event, tally] : truth) {
    std::cout << separator << "{\"probe\": \"" << event.probe << "\", \"arguments\": ["
              << event.arguments << "], \"count\": " << tally.count
              << ", \"at_least\": " << tally.at_least << ", \"at_most\": " << tally.at_most << "}";
    separator = ", ";
  }
  std::cout << "]}" << std::endl;
}

}  // namespace
}  // namespace exact

int main(int count, char** arguments) {
  const unsigned rounds = count > 1 ? static_cast<unsigned>(std::stoul(arguments[1])) : 100;
  std::cout << "ready" << std::endl;
  std::string line;
  std::getline(std::cin, line);
  exact::print(exact::run_all(rounds));
  while (std::getline(std::cin, line)) {
  }
}
