// Floating-point arguments at every kind of operand, and as the compiler puts them.
#include <sys/sdt.h>

#include <bit>
#include <cstdint>
#include <cstdio>
#include <limits>

#include "exact/case.h"
#include "odd_probes.h"

// Named in notes.
extern "C" {
[[gnu::used]] double exact_f64_symbol = 0;
}

namespace exact {
namespace {

struct alignas(8) Box {
  std::uint64_t before = 0x5555'AAAA'5555'AAAAULL;
  std::uint64_t bits;
  std::uint64_t after = 0xEEDD'EEDD'EEDD'EEDDULL;
};

std::uint64_t bits_of(double value) {
  return std::bit_cast<std::uint64_t>(value);
}
/// Below bits that belong to somebody else.
std::uint64_t bits_of(float value) {
  return 0xA5C3'96F0'0000'0000ULL | std::bit_cast<std::uint32_t>(value);
}

void f64_in_register(double value) {
  asm volatile("mov %0, %%r14\n" ODD_PROBE("exact", "f64", "8f@%%r14")
               :
               : "r"(bits_of(value))
               : "r14");
}
void f64_at_base_and_offset(double value) {
  const Box box{.bits = bits_of(value)};
  asm volatile("mov %0, %%r12\n" ODD_PROBE("exact", "f64", "8f@8(%%r12)")
               :
               : "r"(&box), "m"(box)
               : "r12");
}
void f64_declared_signed_and_indexed(double value) {
  const double table[4] = {1, 2, 3, value};
  asm volatile(ODD_PROBE("exact", "f64", "-8f@(%%rax,%%rcx,8)")
               :
               : "a"(&table[0]), "c"(std::uint64_t{3}), "m"(table));
}
void f64_at_symbol(double value) {
  exact_f64_symbol = value;
  asm volatile(ODD_PROBE("exact", "f64", "8f@exact_f64_symbol(%%rip)") : : "m"(exact_f64_symbol));
}
[[gnu::noinline]] void f64_of_the_compiler(double value) {
  DTRACE_PROBE1(exact, f64, value);
}
[[gnu::noinline]] void f64_sum_of_the_compiler(double value) {
  DTRACE_PROBE1(exact, f64, value + 1);
}

void f32_in_register(float value) {
  asm volatile("mov %0, %%r14\n" ODD_PROBE("exact", "f32", "4f@%%r14d")
               :
               : "r"(bits_of(value))
               : "r14");
}
void f32_in_register_named_wider(float value) {
  asm volatile(ODD_PROBE("exact", "f32", "4f@%%rdi") : : "D"(bits_of(value)));
}
void f32_in_memory(float value) {
  const Box box{.bits = bits_of(value)};
  asm volatile(ODD_PROBE("exact", "f32", "4f@8(%%rbx)") : : "b"(&box), "m"(box));
}
[[gnu::noinline]] void f32_of_the_compiler(float value) {
  DTRACE_PROBE1(exact, f32, value);
}

// An integer where others of the same probe have a floating-point number.
[[gnu::noinline]] void f64_that_is_an_integer(std::int32_t value) {
  DTRACE_PROBE1(exact, f64, value);
}

[[gnu::noinline]] void flight_start(double height) {
  DTRACE_PROBE1(exact, flight__start, height);
}
[[gnu::noinline]] void flight_end() {
  DTRACE_PROBE(exact, flight__end);
}
[[gnu::noinline]] void fill(double amount) {
  DTRACE_PROBE1(exact, fill, amount);
}
[[gnu::noinline]] void drain(double amount) {
  DTRACE_PROBE1(exact, drain, amount);
}
[[gnu::noinline]] void reading(std::uint32_t thread, double value) {
  DTRACE_PROBE2(exact, reading, thread, value);
}

/// Reads back as the same number.
std::string json(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.17g", value);
  return digits;
}

constexpr double doubles[] = {
    0, -0.0, 0.1, -0.1, 0.25, 0.5, -0.5, 0.75, 1, -1, 1.25, -2.75, 1e-3, 3.141592653589793,
    // What is behind the point in units of 2^-32, halves of it, and less.
    0x1p-32, -0x1p-32, 0x1p-33, -0x1p-33, 0x1.8p-33, 0x1p-34, 1e-300,
    std::numeric_limits<double>::denorm_min(), 0.99999999999,
    // Where the ways to compute it change: 2^20, 2^31, 2^32, 2^52, 2^63.
    1048575.3, 1048575.9999999999, 1048576.7, -1048576.7, 123456789.12345679, 2147483647.75,
    2147483648.25, -2147483648.0, -2147483648.5, 4294967296.5, 1e15 + 0.5, 0x1p52, 0x1.8p53, 9.2e18,
    -0x1p63, 0x1p63, 1.8e19};
constexpr float floats[] = {0,        0.1F,   -0.1F,  0.5F,     -0.5F, 1.5F,      -2.25F,
                            16777216, 1e-20F, 3.4e9F, -1.5e10F, 1e19F, 0x1p-126F, 0x1p-149F};

}  // namespace

void add_float_cases(Cases& cases) {
  for (const double value : doubles) {
    for (const auto fire : {f64_in_register, f64_at_base_and_offset,
                            f64_declared_signed_and_indexed, f64_of_the_compiler}) {
      cases.push_back({{"f64", json(value)}, [fire, value] { fire(value); }});
    }
  }
  // As a constant or one variable that all threads share: the same for all.
  cases.push_back({{"f64", "42.5"}, [] { f64_at_symbol(42.5); }});
  cases.push_back({{"f64", "1.5"}, [] { f64_sum_of_the_compiler(0.5); }});
  cases.push_back({{"f64", "-7"}, [] { f64_that_is_an_integer(-7); }});
  for (const float value : floats) {
    for (const auto fire :
         {f32_in_register, f32_in_register_named_wider, f32_in_memory, f32_of_the_compiler}) {
      cases.push_back({{"f32", json(double{value})}, [fire, value] { fire(value); }});
    }
  }
}

void fire_floats(Truth& truth, unsigned thread, unsigned rounds) {
  for (unsigned round = 0; round < rounds; ++round) {
    const double value = -10 + 0.1 * round + thread;
    flight_start(value);
    flight_end();
    ++truth[{"flight", json(value)}].count;
    fill(value);
    ++truth[{"fill", json(value)}].count;
    if (round % 3 == 0) {
      drain(value / 3);
      ++truth[{"drain", json(value / 3)}].count;
    }
    // Always rising: the greatest is the last.
    reading(thread, value);
    ++truth[{"reading", json(std::uint64_t{thread}) + "," + json(value)}].count;
  }
}

}  // namespace exact
