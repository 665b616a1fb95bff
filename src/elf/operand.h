// One operand in the assembler's (AT&T) notation.
//
// Purpose:   the part after the @ of an argument declaration: "%eax", "$-1", "8+16(%rsp)",
//            "40+CheckpointStats(%rip)", "(%rax,%rcx,8)".
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "elf/argument.h"

namespace sdt::elf {

struct Operand {
  Argument::Kind kind = Argument::Kind::unavailable;
  Register base = Register::none;
  Register index = Register::none;
  std::uint8_t scale = 1;
  std::uint8_t shift = 0;
  std::uint8_t register_bytes = 8;  ///< of a register: how much of it its name means
  std::int64_t offset = 0;
};

/// The operand, or why it cannot be delivered, as a phrase for a person. Blanks are ignored.
/// A symbol's memory is expressed relative to rip at the probe, so that where the file was loaded
/// does not matter.
[[nodiscard]] tl::expected<Operand, std::string> parse_operand(std::string_view text,
                                                               std::uint64_t probe_address,
                                                               const SymbolLookup& symbol);

}  // namespace sdt::elf
