// The names of x86-64 registers.
//
// Purpose:   from the assembler's name to the register the kernel saves at a probe, and the part of
//            it that is meant.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "elf/argument.h"

namespace sdt::elf {

struct RegisterPart {
  Register whole = Register::none;
  std::uint8_t bytes = 8;
  std::uint8_t shift = 0;  ///< bits: 8 for %ah and its like
};

/// `name` without the percent sign. Nothing for registers that the kernel does not save (vector,
/// floating-point, segment) and for names that are none.
[[nodiscard]] std::optional<RegisterPart> find_register(std::string_view name);

/// Whether the name is one of the registers that floating-point and vector values travel in.
[[nodiscard]] bool is_vector_register(std::string_view name);

}  // namespace sdt::elf
