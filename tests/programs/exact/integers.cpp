// Integers of every width and sign at every kind of operand, each kind a site of its own.
//
// Each of exact:i8 … exact:u64 has a dozen sites whose notes disagree about where the argument is;
// all of them must yield the same value. Registers and memory around a narrow value hold rubbish.
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "exact/case.h"
#include "odd_probes.h"

namespace exact {
namespace {

/// The value in the low bits of a word whose other bits are set at random.
template <class T>
std::uint64_t dirty(T value) {
  const auto bits = static_cast<std::make_unsigned_t<T>>(value);
  if constexpr (sizeof(T) == 8) {
    return bits;
  } else {
    return (0xA5C3'96F0'5A3C'69E1ULL << (8 * sizeof(T))) | bits;
  }
}

/// A value between neighbours that are not to be read.
template <class T>
struct alignas(8) Padded {
  std::uint64_t before = 0x5555'AAAA'5555'AAAAULL;
  T value;
  std::uint8_t after[15] = {0xEE, 0xDD, 0xEE, 0xDD, 0xEE, 0xDD, 0xEE, 0xDD, 0xEE, 0xDD, 0xEE, 0xDD};
  explicit Padded(T v) : value(v) {}
};

/// As a number: what is computed from it is an operand, not a pointer of this program.
template <class T>
std::uint64_t address_of(const T& object) {
  return std::bit_cast<std::uint64_t>(&object);
}

}  // namespace

// One macro a form would be long; one macro for all forms of a type keeps them side by side.
// DECLARED is size and sign as the note states them, REGISTER the name of r14 in the type's width,
// SCALE the size of the type.
#define INTEGER_SITES(T, NAME, DECLARED, REGISTER, SCALE)                                         \
  struct NAME##_sites {                                                                           \
    static void in_register(T value) {                                                            \
      asm volatile("mov %0, %%r14\n" ODD_PROBE("exact", #NAME, DECLARED "@" REGISTER)             \
                   :                                                                              \
                   : "r"(dirty(value))                                                            \
                   : "r14");                                                                      \
    }                                                                                             \
    static void in_register_named_wider(T value) {                                                \
      asm volatile(ODD_PROBE("exact", #NAME, DECLARED "@%%rdi") : : "D"(dirty(value)));           \
    }                                                                                             \
    static void at_base_and_offset(T value) {                                                     \
      const Padded<T> box(value);                                                                 \
      asm volatile("mov %0, %%r12\n" ODD_PROBE("exact", #NAME, DECLARED "@8(%%r12)")              \
                   :                                                                              \
                   : "r"(&box), "m"(box)                                                          \
                   : "r12");                                                                      \
    }                                                                                             \
    static void at_base_minus_offset(T value) {                                                   \
      const Padded<T> box(value);                                                                 \
      asm volatile(ODD_PROBE("exact", #NAME, DECLARED "@-136(%%rbx)")                             \
                   :                                                                              \
                   : "b"(address_of(box) + 144), "m"(box));                                       \
    }                                                                                             \
    static void at_base_alone(T value) {                                                          \
      const Padded<T> box(value);                                                                 \
      asm volatile("mov %0, %%r13\n" ODD_PROBE("exact", #NAME, DECLARED "@0(%%r13)")              \
                   :                                                                              \
                   : "r"(&box.value), "m"(box)                                                    \
                   : "r13");                                                                      \
    }                                                                                             \
    static void on_the_stack(T value) { /* 128 bytes are the red zone of this function */         \
      asm volatile(                                                                               \
          "lea -144(%%rsp), %%rsp\n"                                                              \
          "mov %0, (%%rsp)\n" ODD_PROBE("exact", #NAME,                                           \
                                        DECLARED "@(%%rsp)") "lea 144(%%rsp), %%rsp\n"            \
          :                                                                                       \
          : "r"(dirty(value))                                                                     \
          : "memory");                                                                            \
    }                                                                                             \
    static void on_the_stack_at_a_sum(T value) {                                                  \
      asm volatile(                                                                               \
          "lea -168(%%rsp), %%rsp\n"                                                              \
          "mov %0, 24(%%rsp)\n" ODD_PROBE("exact", #NAME,                                         \
                                          DECLARED "@8+16(%%rsp)") "lea 168(%%rsp), %%rsp\n"      \
          :                                                                                       \
          : "r"(dirty(value))                                                                     \
          : "memory");                                                                            \
    }                                                                                             \
    static void indexed(T value) {                                                                \
      const T table[4] = {T(1), T(2), T(3), value};                                               \
      asm volatile(ODD_PROBE("exact", #NAME, DECLARED "@(%%rax,%%rcx," SCALE ")")                 \
                   :                                                                              \
                   : "a"(&table[0]), "c"(std::uint64_t{3}), "m"(table));                          \
    }                                                                                             \
    static void indexed_backwards_with_offset(T value) {                                          \
      const Padded<T> box(value);                                                                 \
      asm volatile(ODD_PROBE("exact", #NAME, DECLARED "@40(%%rdx,%%rax," SCALE ")")               \
                   :                                                                              \
                   : "d"(address_of(box) - 32 + 2 * sizeof(T)), "a"(std::int64_t{-2}), "m"(box)); \
    }                                                                                             \
    static void indexed_without_scale(T value) {                                                  \
      const Padded<T> box(value);                                                                 \
      asm volatile(ODD_PROBE("exact", #NAME, DECLARED "@(%%rax,%%rcx)")                           \
                   :                                                                              \
                   : "a"(&box), "c"(std::uint64_t{8}), "m"(box));                                 \
    }                                                                                             \
    static void index_alone(T value) {                                                            \
      const Padded<T> box(value);                                                                 \
      asm volatile(ODD_PROBE("exact", #NAME, DECLARED "@0(,%%rax,8)")                             \
                   :                                                                              \
                   : "a"(address_of(box.value) / 8), "m"(box));                                   \
    }                                                                                             \
    static void at_symbol() {                                                                     \
      asm volatile(ODD_PROBE("exact", #NAME, DECLARED "@exact_" #NAME "_table(%%rip)") : :);      \
    }                                                                                             \
    static void at_symbol_and_offset() {                                                          \
      asm volatile(ODD_PROBE("exact", #NAME, DECLARED "@" SCALE "+exact_" #NAME "_table(%%rip)")  \
                   :                                                                              \
                   :);                                                                            \
    }                                                                                             \
  };                                                                                              \
  extern "C" {                                                                                    \
  extern T exact_##NAME##_table[2];                                                               \
  [[gnu::used]] T exact_##NAME##_table[2] = {std::numeric_limits<T>::min(),                       \
                                             std::numeric_limits<T>::max()};                      \
  }

INTEGER_SITES(std::int8_t, i8, "-1", "%%r14b", "1")
INTEGER_SITES(std::uint8_t, u8, "1", "%%r14b", "1")
INTEGER_SITES(std::int16_t, i16, "-2", "%%r14w", "2")
INTEGER_SITES(std::uint16_t, u16, "2", "%%r14w", "2")
INTEGER_SITES(std::int32_t, i32, "-4", "%%r14d", "4")
INTEGER_SITES(std::uint32_t, u32, "4", "%%r14d", "4")
INTEGER_SITES(std::int64_t, i64, "-8", "%%r14", "8")
INTEGER_SITES(std::uint64_t, u64, "8", "%%r14", "8")

namespace {

template <class T>
std::string json_of(T value) {
  if constexpr (std::is_signed_v<T>) {
    return json(std::int64_t{value});
  } else {
    return json(std::uint64_t{value});
  }
}

/// Extremes, neighbours of zero, and bounds of the test's buckets with their neighbours.
template <class T>
std::vector<T> values() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> chosen = {
      Limits::min(), T(Limits::min() + 1), T(-1),        T(0), T(1), T(10), T(11), T(100),
      T(101),        T(Limits::max() - 1), Limits::max()};
  if constexpr (sizeof(T) == 8) {
    chosen.push_back(T{1} << 62);
    chosen.push_back((T{1} << 62) + 1);
  }
  return chosen;
}

template <class Sites, class T>
void add_cases(Cases& cases, const char* name, const T (&table)[2]) {
  using Site = void (*)(T);
  const Site sites[] = {Sites::in_register,
                        Sites::in_register_named_wider,
                        Sites::at_base_and_offset,
                        Sites::at_base_minus_offset,
                        Sites::at_base_alone,
                        Sites::on_the_stack,
                        Sites::on_the_stack_at_a_sum,
                        Sites::indexed,
                        Sites::indexed_backwards_with_offset,
                        Sites::indexed_without_scale,
                        Sites::index_alone};
  for (const T value : values<T>()) {
    for (const Site site : sites) {
      cases.push_back({{name, json_of(value)}, [site, value] { site(value); }});
    }
  }
  cases.push_back({{name, json_of(table[0])}, Sites::at_symbol});
  cases.push_back({{name, json_of(table[1])}, Sites::at_symbol_and_offset});
}

}  // namespace

// A constant is part of the note: one site a value. Assemblers print an unsigned constant as the
// signed number of the same bits, so the declared sign and width decide.
#define CONSTANT(NAME, TYPE, OPERAND, VALUE)                               \
  cases.push_back({{#NAME, json_of(TYPE(VALUE))}, [] {                     \
                     asm volatile(ODD_PROBE("exact", #NAME, OPERAND) : :); \
                   }})

void add_integer_cases(Cases& cases) {
  add_cases<i8_sites>(cases, "i8", exact_i8_table);
  add_cases<u8_sites>(cases, "u8", exact_u8_table);
  add_cases<i16_sites>(cases, "i16", exact_i16_table);
  add_cases<u16_sites>(cases, "u16", exact_u16_table);
  add_cases<i32_sites>(cases, "i32", exact_i32_table);
  add_cases<u32_sites>(cases, "u32", exact_u32_table);
  add_cases<i64_sites>(cases, "i64", exact_i64_table);
  add_cases<u64_sites>(cases, "u64", exact_u64_table);

  CONSTANT(i8, std::int8_t, "-1@$-128", -128);
  CONSTANT(i8, std::int8_t, "-1@$0x7f", 127);
  CONSTANT(u8, std::uint8_t, "1@$-1", 255);
  CONSTANT(u8, std::uint8_t, "1@$255", 255);
  CONSTANT(i16, std::int16_t, "-2@$-32768", -32768);
  CONSTANT(u16, std::uint16_t, "2@$-1", 65535);
  CONSTANT(i32, std::int32_t, "-4@$-1", -1);
  CONSTANT(i32, std::int32_t, "-4@$655360", 655360);
  CONSTANT(u32, std::uint32_t, "4@$-1", 4294967295U);
  CONSTANT(i64, std::int64_t, "-8@$-9223372036854775808", std::numeric_limits<std::int64_t>::min());
  CONSTANT(u64, std::uint64_t, "8@$0", 0);
  CONSTANT(u64, std::uint64_t, "8@$-1", std::numeric_limits<std::uint64_t>::max());

  // The second byte of a register: the only operand that is not at the low end of its register.
  for (const std::int8_t value : values<std::int8_t>()) {
    cases.push_back(
        {{"i8", json_of(value)}, [value] {
           asm volatile(ODD_PROBE("exact", "i8", "-1@%%ah") : : "a"((dirty(value) << 8) | 0x77));
         }});
  }
}

}  // namespace exact
