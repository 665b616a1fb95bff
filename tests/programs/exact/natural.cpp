// The same probes as a C++ programmer writes them, with operands as the compiler chooses them.
//
// Built twice, with and without optimisation: arguments end up in registers and structures in one
// and on the stack in the other.
#include <sys/sdt.h>

#include <cstdint>
#include <limits>

#include "exact/case.h"

namespace exact {
namespace {

struct Record {
  std::int8_t i8;
  std::uint8_t u8;
  std::int16_t i16;
  std::uint16_t u16;
  std::int32_t i32;
  std::uint32_t u32;
  std::int64_t i64;
  std::uint64_t u64;
};

[[gnu::noinline]] void fire_members(const Record& record) {
  DTRACE_PROBE1(exact, i8, record.i8);
  DTRACE_PROBE1(exact, u8, record.u8);
  DTRACE_PROBE1(exact, i16, record.i16);
  DTRACE_PROBE1(exact, u16, record.u16);
  DTRACE_PROBE1(exact, i32, record.i32);
  DTRACE_PROBE1(exact, u32, record.u32);
  DTRACE_PROBE1(exact, i64, record.i64);
  DTRACE_PROBE1(exact, u64, record.u64);
}

[[gnu::noinline]] void fire_sums(std::int32_t a, std::int64_t b, std::uint16_t c) {
  DTRACE_PROBE1(exact, i32, a + 1);
  DTRACE_PROBE1(exact, i64, b - 1);
  DTRACE_PROBE1(exact, u16, c);
}

[[gnu::noinline]] void fire_constants() {
  DTRACE_PROBE1(exact, i32, -7);
  DTRACE_PROBE1(exact, u64, 7UL);
}

[[gnu::noinline]] void fire_call() {
  DTRACE_PROBE(exact, call);
}

/// Durations in nanoseconds, bounds of the test's buckets among them.
[[gnu::noinline]] void fire_duration(std::uint64_t nanoseconds) {
  DTRACE_PROBE1(exact, duration, nanoseconds);
}

}  // namespace

#ifndef EXACT_ADD_CASES
#error "name the function that this build of the file defines"
#endif

void EXACT_ADD_CASES(Cases& cases) {
  static const Record records[] = {
      {-128, 255, -32768, 65535, std::numeric_limits<std::int32_t>::min(),
       std::numeric_limits<std::uint32_t>::max(), std::numeric_limits<std::int64_t>::min(),
       std::numeric_limits<std::uint64_t>::max()},
      {100, 100, 100, 100, 100, 100, 100, 100},
  };
  // One call fires eight probes: the first case of them fires all, the others only count.
  for (const Record& record : records) {
    const auto nothing = [] {};
    cases.push_back({{"i8", json(std::int64_t{record.i8})}, [&record] { fire_members(record); }});
    cases.push_back({{"u8", json(std::uint64_t{record.u8})}, nothing});
    cases.push_back({{"i16", json(std::int64_t{record.i16})}, nothing});
    cases.push_back({{"u16", json(std::uint64_t{record.u16})}, nothing});
    cases.push_back({{"i32", json(std::int64_t{record.i32})}, nothing});
    cases.push_back({{"u32", json(std::uint64_t{record.u32})}, nothing});
    cases.push_back({{"i64", json(std::int64_t{record.i64})}, nothing});
    cases.push_back({{"u64", json(std::uint64_t{record.u64})}, nothing});
  }
  cases.push_back({{"i32", "42"}, [] { fire_sums(41, -99, 4242); }});
  cases.push_back({{"i64", "-100"}, [] {}});
  cases.push_back({{"u16", "4242"}, [] {}});
  cases.push_back({{"i32", "-7"}, [] { fire_constants(); }});
  cases.push_back({{"u64", "7"}, [] {}});
  cases.push_back({{"call", ""}, [] { fire_call(); }});
  for (const std::uint64_t ns : {0UL, 1UL, 999UL, 1'000UL, 1'001UL, 1'000'000UL, 1'000'001UL,
                                 1'000'000'000UL, 1'000'000'001UL}) {
    cases.push_back({{"duration", json(ns)}, [ns] { fire_duration(ns); }});
  }
}

}  // namespace exact
