#include "elf/registers.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace sdt::elf {
namespace {

struct Names {
  Register whole;
  std::string_view quad;
  std::string_view half;
  std::string_view word;
  std::string_view low;
  std::string_view high;  // bits 8 to 15; only the first four have such a part
};

constexpr std::array<Names, 17> all_names{{
    {Register::rax, "rax", "eax", "ax", "al", "ah"},
    {Register::rbx, "rbx", "ebx", "bx", "bl", "bh"},
    {Register::rcx, "rcx", "ecx", "cx", "cl", "ch"},
    {Register::rdx, "rdx", "edx", "dx", "dl", "dh"},
    {Register::rsi, "rsi", "esi", "si", "sil", ""},
    {Register::rdi, "rdi", "edi", "di", "dil", ""},
    {Register::rbp, "rbp", "ebp", "bp", "bpl", ""},
    {Register::rsp, "rsp", "esp", "sp", "spl", ""},
    {Register::r8, "r8", "r8d", "r8w", "r8b", ""},
    {Register::r9, "r9", "r9d", "r9w", "r9b", ""},
    {Register::r10, "r10", "r10d", "r10w", "r10b", ""},
    {Register::r11, "r11", "r11d", "r11w", "r11b", ""},
    {Register::r12, "r12", "r12d", "r12w", "r12b", ""},
    {Register::r13, "r13", "r13d", "r13w", "r13b", ""},
    {Register::r14, "r14", "r14d", "r14w", "r14b", ""},
    {Register::r15, "r15", "r15d", "r15w", "r15b", ""},
    {Register::rip, "rip", "", "", "", ""},
}};

}  // namespace

std::optional<RegisterPart> find_register(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (const Names& names : all_names) {
    if (name == names.quad) return RegisterPart{names.whole, 8, 0};
    if (name == names.half) return RegisterPart{names.whole, 4, 0};
    if (name == names.word) return RegisterPart{names.whole, 2, 0};
    if (name == names.low) return RegisterPart{names.whole, 1, 0};
    if (name == names.high) return RegisterPart{names.whole, 1, 8};
  }
  return std::nullopt;
}

bool is_vector_register(std::string_view name) {
  const std::initializer_list<std::string_view> families = {"xmm", "ymm", "zmm", "mm", "st", "k"};
  return std::any_of(families.begin(), families.end(), [name](std::string_view family) mutable {
    if (!name.starts_with(family)) return false;
    name.remove_prefix(family.size());
    return name.find_first_not_of("()0123456789") == std::string_view::npos;
  });
}

}  // namespace sdt::elf
