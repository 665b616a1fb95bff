#include "elf/code.h"

#include <elf.h>

#include <Zydis/Decoder.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "elf/unwind_index.h"

namespace sdt::elf {
namespace {

/// Code that is walked for one file. The functions with probes of libjvm.so, 270 of them, are 0.2
/// MiB together.
constexpr std::uint64_t most_walked = std::uint64_t{4} << 20;
constexpr std::uint64_t longest_instruction = ZYDIS_MAX_INSTRUCTION_LENGTH;

enum class Begins : std::uint8_t { yes, no, unknown };

using Instruction = ZydisDecodedInstruction;

class Decoder {
 public:
  /// Without detail, nothing but the length is told.
  explicit Decoder(bool with_detail) {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisDecoderEnableMode(&decoder_, ZYDIS_DECODER_MODE_MINIMAL,
                           with_detail ? ZYAN_FALSE : ZYAN_TRUE);
  }
  [[nodiscard]] std::optional<Instruction> decode(ByteView code, std::uint64_t at) const {
    if (at >= code.size()) return std::nullopt;
    Instruction instruction;
    const auto status = ZydisDecoderDecodeInstruction(
        &decoder_, nullptr, code.bytes().data() + at,
        std::min(code.size() - at, longest_instruction), &instruction);
    if (!ZYAN_SUCCESS(status) || instruction.length == 0) return std::nullopt;
    return instruction;
  }

 private:
  ZydisDecoder decoder_{};
};

/// From a function's beginning to its end, instruction by instruction.
class Walk {
 public:
  Walk(Function function, ByteView code) : function_(function), code_(code) {}

  [[nodiscard]] bool is_of(const Function& function) const {
    return function.begin == function_.begin && function.end == function_.end;
  }

  /// Goes on as far as the address. `left` is what may be walked yet, in bytes.
  [[nodiscard]] Begins reach(std::uint64_t address, const Decoder& decoder, std::uint64_t& left) {
    const std::uint64_t wanted = address - function_.begin;
    while (at_ < wanted && !is_lost_) {
      const auto instruction = decoder.decode(code_, at_);
      is_lost_ = !instruction || instruction->length > left;
      if (is_lost_) break;
      left -= instruction->length;
      at_ += instruction->length;
    }
    if (is_lost_) return Begins::unknown;
    return at_ == wanted ? Begins::yes : Begins::no;
  }

 private:
  Function function_;
  ByteView code_;
  std::uint64_t at_ = 0;  ///< from the function's beginning
  bool is_lost_ = false;
};

class CodeReader {
 public:
  CodeReader(ByteView file, const Headers& headers)
      : file_(file), headers_(headers), index_(file_, headers) {}

  /// Addresses come in ascending order.
  [[nodiscard]] Hazard hazard_at(std::uint64_t address);

 private:
  [[nodiscard]] Begins begins_at(std::uint64_t address);
  [[nodiscard]] std::optional<Instruction> decode(std::uint64_t address) const;

  ByteView file_;
  const Headers& headers_;
  UnwindIndex index_;
  Decoder lengths_{false};
  Decoder details_{true};
  std::optional<Walk> walk_;
  std::uint64_t left_ = most_walked;
};

Begins CodeReader::begins_at(std::uint64_t address) {
  const auto function = index_.function_at(address);
  if (!function) return Begins::unknown;
  if (!walk_ || !walk_->is_of(*function)) {
    const std::uint64_t size = function->end - function->begin;
    const auto offset = headers_.file_offset(function->begin, size, PF_X);
    const auto code = offset ? file_.slice(*offset, size) : std::nullopt;
    if (!code) return Begins::unknown;
    walk_.emplace(*function, *code);
  }
  return walk_->reach(address, lengths_, left_);
}

std::optional<Instruction> CodeReader::decode(std::uint64_t address) const {
  // As many bytes of it as the segment has.
  for (std::uint64_t size = longest_instruction; size > 0; --size) {
    const auto offset = headers_.file_offset(address, size, PF_X);
    const auto code = offset ? file_.slice(*offset, size) : std::nullopt;
    if (code) return details_.decode(*code, 0);
  }
  return std::nullopt;
}

bool is_nop(const Instruction& instruction) {
  // The decoder calls 66 90 what it also is: xchg %ax,%ax.
  constexpr ZyanU8 nop_opcode = 0x90;
  const bool is_exchange_with_itself =
      instruction.mnemonic == ZYDIS_MNEMONIC_XCHG &&
      instruction.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && instruction.opcode == nop_opcode &&
      (instruction.raw.rex.offset == 0 || instruction.raw.rex.B == 0);
  return instruction.mnemonic == ZYDIS_MNEMONIC_NOP || is_exchange_with_itself;
}

Hazard CodeReader::hazard_at(std::uint64_t address) {
  const Begins begins = begins_at(address);
  if (begins == Begins::no) return Hazard::not_an_instruction;
  const auto instruction = decode(address);
  if (!instruction) return Hazard::not_an_instruction;
  if (instruction->mnemonic == ZYDIS_MNEMONIC_INT3) return Hazard::breakpoint;
  // Not only 0f 1f 44 00 00: the kernel takes every nop of that length (arch/x86/kernel/uprobes.c,
  // can_optimize).
  constexpr ZyanU8 size_of_a_call = 5;
  if (is_nop(*instruction)) {
    return instruction->length == size_of_a_call ? Hazard::five_byte_nop : Hazard::none;
  }
  return begins == Begins::yes ? Hazard::none : Hazard::unknown_code;
}

}  // namespace

std::vector<Hazard> find_hazards(ByteView file, const Headers& headers,
                                 std::span<const std::uint64_t> addresses) {
  std::vector<std::size_t> order(addresses.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::size_t i) { return addresses[i]; });
  CodeReader reader(file, headers);
  std::vector<Hazard> hazards(addresses.size());
  for (const std::size_t i : order) hazards[i] = reader.hazard_at(addresses[i]);
  return hazards;
}

}  // namespace sdt::elf
