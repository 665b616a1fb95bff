// What a probe at a place would do to the program.
//
// Purpose:   the words for it, shared by those who find hazards and those who show them.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace sdt::elf {

enum class Hazard : std::uint8_t {
  none,
  /// Kernels that make a call of it (from 6.18 on) push onto the user's stack there, over the red
  /// zone of a leaf function. Harmless on others.
  five_byte_nop,
  /// A breakpoint there would be an operand of the instruction around it, or is in no code at all.
  not_an_instruction,
  /// Neither a nop, nor is it known that an instruction begins there.
  unknown_code,
  /// Somebody's own breakpoint: its handler would never see it again.
  breakpoint,
};

/// For JSON and for tests: "five_byte_nop".
[[nodiscard]] std::string_view to_string(Hazard hazard);

/// What follows "the place is": "a 5-byte nop: recent kernels …".
[[nodiscard]] std::string_view explain(Hazard hazard);

}  // namespace sdt::elf
