// site_layout(): where the kernel finds the arguments of one site.
#include <asm/ptrace.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "kernel/program_config.h"

namespace sdt::kernel {
namespace {

/// Where the kernel keeps a register of the traced thread.
std::uint8_t pt_regs_offset(elf::Register reg) {
  constexpr std::array<std::size_t, 17> offsets{
      offsetof(pt_regs, rax), offsetof(pt_regs, rbx), offsetof(pt_regs, rcx),
      offsetof(pt_regs, rdx), offsetof(pt_regs, rsi), offsetof(pt_regs, rdi),
      offsetof(pt_regs, rbp), offsetof(pt_regs, rsp), offsetof(pt_regs, r8),
      offsetof(pt_regs, r9),  offsetof(pt_regs, r10), offsetof(pt_regs, r11),
      offsetof(pt_regs, r12), offsetof(pt_regs, r13), offsetof(pt_regs, r14),
      offsetof(pt_regs, r15), offsetof(pt_regs, rip)};
  const auto number = static_cast<std::size_t>(reg);
  return number < offsets.size() ? static_cast<std::uint8_t>(offsets[number]) : SDT_NO_REGISTER;
}

std::uint8_t form_of(const elf::Argument& argument) {
  if (argument.is_float) return SDT_FORM_FLOAT;
  return argument.size == 8 && !argument.is_signed ? SDT_FORM_UINT64 : SDT_FORM_INTEGER;
}

}  // namespace

sdt_site site_layout(const std::vector<elf::Argument>& arguments) {
  using Kind = elf::Argument::Kind;
  sdt_site site{};
  const std::size_t count = std::min<std::size_t>(arguments.size(), SDT_MAX_ARGS);
  for (std::size_t i = 0; i < count; ++i) {
    const elf::Argument& from = arguments[i];
    sdt_operand& to = site.args[i];
    if (from.kind == Kind::unavailable) continue;
    to.kind = from.kind == Kind::constant      ? SDT_OPERAND_CONSTANT
              : from.kind == Kind::in_register ? SDT_OPERAND_REGISTER
                                               : SDT_OPERAND_MEMORY;
    to.base = pt_regs_offset(from.base);
    to.index = pt_regs_offset(from.index);
    to.scale_shift = static_cast<std::uint8_t>(from.scale == 8 ? 3 : from.scale / 2);
    to.size = from.size;
    to.is_signed = from.is_signed ? 1 : 0;
    to.shift = from.shift;
    to.form = form_of(from);
    to.offset = from.offset;
  }
  return site;
}

}  // namespace sdt::kernel
