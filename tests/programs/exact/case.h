// What a thread of `exact` fires, and the tally of what it fired.
//
// A Case is one probe site with one set of arguments: firing it and counting it is all a thread
// does, so the truth is the program's own and owes nothing to how an exporter adds up.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exact {

/// JSON of an integer / of a string of bytes (each byte one character of the JSON string).
std::string json(std::int64_t value);
std::string json(std::uint64_t value);
std::string json(std::string_view bytes);

struct Event {
  std::string probe;      ///< without the provider, which is always `exact`
  std::string arguments;  ///< JSON values, separated by commas
  auto operator<=>(const Event&) const = default;
};

struct Tally {
  std::uint64_t count = 0;
  // For pairs of probes: bounds of the total time between them, in nanoseconds of CLOCK_MONOTONIC.
  std::uint64_t at_least = 0;
  std::uint64_t at_most = 0;

  void add(const Tally& other) {
    count += other.count;
    at_least += other.at_least;
    at_most += other.at_most;
  }
};

using Truth = std::map<Event, Tally>;

struct Case {
  Event event;
  std::function<void()> fire;
  std::uint64_t fired = 0;
};

using Cases = std::vector<Case>;

/// Fires every case once and counts it.
inline void fire_all(Cases& cases) {
  for (Case& each : cases) {
    each.fire();
    ++each.fired;
  }
}

inline void add_to(Truth& truth, const Cases& cases) {
  for (const Case& each : cases) truth[each.event].add(Tally{each.fired, 0, 0});
}

void add_integer_cases(Cases& cases);                              // integers.cpp
void add_natural_cases_unoptimized(Cases& cases);                  // natural.cpp, -O0
void add_natural_cases_optimized(Cases& cases);                    // natural.cpp, -O2
void add_float_cases(Cases& cases);                                // floats.cpp
void fire_floats(Truth& truth, unsigned thread, unsigned rounds);  // floats.cpp
void add_string_cases(Cases& cases);                               // strings.cpp
void add_memory_cases(Cases& cases);                               // strings.cpp
void fire_cold_strings(Truth& truth, unsigned rounds);             // strings.cpp
void fire_pairs(Truth& truth, unsigned rounds);                    // pairs.cpp
void fire_gauges(Truth& truth, unsigned thread, unsigned rounds);  // pairs.cpp

/// Jobs that start in one thread and end in another.
void start_job(std::uint64_t id);                                        // pairs.cpp
void end_job(Truth& truth, std::uint64_t id);                            // pairs.cpp
void fire_burst(Truth& truth, std::uint32_t first, std::uint32_t last);  // pairs.cpp

}  // namespace exact
