// Where a probe's argument is found at the moment the probe fires.
//
// Purpose:   one stapsdt argument declaration ("-4@40+CheckpointStats(%rip)") as values. The format
//            is the assembler operand syntax that systemtap's sys/sdt.h emits: SIZE[f]@OPERAND,
//            SIZE negative when signed.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sdt::elf {

/// The 64-bit registers of x86-64; `rip` stands only as a base, `none` for an absent base or index.
enum class Register : std::uint8_t {
  rax,
  rbx,
  rcx,
  rdx,
  rsi,
  rdi,
  rbp,
  rsp,
  r8,
  r9,
  r10,
  r11,
  r12,
  r13,
  r14,
  r15,
  rip,
  none,
};

struct Argument {
  enum class Kind : std::uint8_t {
    unavailable,  ///< cannot be delivered; `reason` says why
    constant,     ///< `offset` is the value, fitted to size and sign
    in_register,  ///< `base`, after shifting right by `shift` bits (8 for %ah and its like)
    in_memory,    ///< at base + index * scale + offset; with base rip, `offset` is relative to the
                  ///< probe's own address
  };
  Kind kind = Kind::unavailable;
  /// Bytes to read: 1, 2, 4 or 8. As declared, but no more than the named register part holds:
  /// 8@%eax is read as 4 bytes.
  std::uint8_t size = 8;
  bool is_signed = false;
  bool is_float = false;
  Register base = Register::none;
  Register index = Register::none;
  std::uint8_t scale = 1;  ///< 1, 2, 4 or 8
  std::uint8_t shift = 0;
  std::int64_t offset = 0;
  std::string text;    ///< the declaration as it stands in the note
  std::string reason;  ///< for Kind::unavailable, a phrase for a person
};

/// Looks up the address of a symbol of the same file (as its symbol table states it).
using SymbolLookup = std::function<std::optional<std::uint64_t>(std::string_view)>;

/// Parses the argument string of one note. `probe_address` is the site's address in the file's own
/// address space: the one that symbol(%rip) operands are made relative to. One operand that cannot
/// be understood never spoils the others. sys/sdt.h has at most 12 arguments; more are unavailable,
/// and past the 64th they are not returned.
[[nodiscard]] std::vector<Argument> parse_arguments(std::string_view text,
                                                    std::uint64_t probe_address,
                                                    const SymbolLookup& symbol);

}  // namespace sdt::elf
