#include "elf/argument.h"

#include <cstdint>
#include <limits>
#include <string>

#include <gmock/gmock.h>

namespace sdt::elf {
namespace {

using testing::HasSubstr;
using Kind = Argument::Kind;

constexpr std::uint64_t probe_address = 0x1000;

std::optional<std::uint64_t> lookup(std::string_view name) {
  if (name == "table") return 0x5000;
  if (name == "counter.12") return 0x800;  // a static variable within a function
  return std::nullopt;
}

std::vector<Argument> parse_all(std::string_view text) {
  return parse_arguments(text, probe_address, lookup);
}

Argument parse(std::string_view text) {
  const auto arguments = parse_all(text);
  EXPECT_EQ(arguments.size(), 1U) << text;
  return arguments.empty() ? Argument{} : arguments.front();
}

std::string reason_of(std::string_view text) {
  const Argument argument = parse(text);
  EXPECT_EQ(argument.kind, Kind::unavailable) << text;
  EXPECT_EQ(argument.text, text);
  return argument.reason;
}

struct Memory {
  Register base = Register::none;
  Register index = Register::none;
  int scale = 1;
  std::int64_t offset = 0;
  friend bool operator==(const Memory&, const Memory&) = default;
  friend void PrintTo(const Memory& memory, std::ostream* out) {
    *out << "base " << static_cast<int>(memory.base) << " index " << static_cast<int>(memory.index)
         << " scale " << memory.scale << " offset " << memory.offset;
  }
};

Memory memory_of(std::string_view text) {
  const Argument argument = parse(text);
  EXPECT_EQ(argument.kind, Kind::in_memory) << text << ": " << argument.reason;
  return {argument.base, argument.index, argument.scale, argument.offset};
}

TEST(Argument, TellsSizeAndSign) {
  for (const int size : {1, 2, 4, 8}) {
    const Argument plain = parse(std::to_string(size) + "@(%rax)");
    EXPECT_EQ(plain.size, size);
    EXPECT_FALSE(plain.is_signed);
    const Argument negative = parse("-" + std::to_string(size) + "@(%rax)");
    EXPECT_EQ(negative.size, size);
    EXPECT_TRUE(negative.is_signed);
  }
}

TEST(Argument, KeepsTheDeclarationAsItIsWritten) {
  EXPECT_EQ(parse("  -4@8( %rax, %rcx )  ").text, "-4@8( %rax, %rcx )");
}

TEST(Argument, KnowsEveryNameOfEveryRegister) {
  const struct {
    Register whole;
    const char *quad, *half, *word, *low;
  } registers[] = {
      {Register::rax, "rax", "eax", "ax", "al"},
      {Register::rbx, "rbx", "ebx", "bx", "bl"},
      {Register::rcx, "rcx", "ecx", "cx", "cl"},
      {Register::rdx, "rdx", "edx", "dx", "dl"},
      {Register::rsi, "rsi", "esi", "si", "sil"},
      {Register::rdi, "rdi", "edi", "di", "dil"},
      {Register::rbp, "rbp", "ebp", "bp", "bpl"},
      {Register::rsp, "rsp", "esp", "sp", "spl"},
      {Register::r8, "r8", "r8d", "r8w", "r8b"},
      {Register::r9, "r9", "r9d", "r9w", "r9b"},
      {Register::r10, "r10", "r10d", "r10w", "r10b"},
      {Register::r11, "r11", "r11d", "r11w", "r11b"},
      {Register::r12, "r12", "r12d", "r12w", "r12b"},
      {Register::r13, "r13", "r13d", "r13w", "r13b"},
      {Register::r14, "r14", "r14d", "r14w", "r14b"},
      {Register::r15, "r15", "r15d", "r15w", "r15b"},
  };
  for (const auto& [whole, quad, half, word, low] : registers) {
    const std::pair<std::string, int> declarations[] = {
        {"8@%" + std::string(quad), 8},
        {"4@%" + std::string(half), 4},
        {"2@%" + std::string(word), 2},
        {"1@%" + std::string(low), 1},
    };
    for (const auto& [declaration, size] : declarations) {
      const Argument argument = parse(declaration);
      EXPECT_EQ(argument.kind, Kind::in_register) << declaration;
      EXPECT_EQ(argument.base, whole) << declaration;
      EXPECT_EQ(argument.size, size) << declaration;
      EXPECT_EQ(argument.shift, 0) << declaration;
    }
  }
}

TEST(Argument, ShiftsTheSecondByteOfARegisterDown) {
  const std::pair<const char*, Register> high[] = {{"1@%ah", Register::rax},
                                                   {"1@%bh", Register::rbx},
                                                   {"1@%ch", Register::rcx},
                                                   {"-1@%dh", Register::rdx}};
  for (const auto& [declaration, whole] : high) {
    const Argument argument = parse(declaration);
    EXPECT_EQ(argument.kind, Kind::in_register) << declaration;
    EXPECT_EQ(argument.base, whole) << declaration;
    EXPECT_EQ(argument.shift, 8) << declaration;
    EXPECT_EQ(argument.size, 1) << declaration;
  }
}

TEST(Argument, DeclaredNarrowerThanItsRegisterTakesTheLowBytes) {
  EXPECT_EQ(parse("1@%eax").size, 1);
  EXPECT_EQ(parse("-4@%rax").size, 4);
}

TEST(Argument, DeclaredWiderThanItsRegisterTakesWhatTheRegisterHolds) {
  EXPECT_EQ(parse("8@%eax").size, 4);
  EXPECT_EQ(parse("-4@%al").size, 1);
  EXPECT_TRUE(parse("-4@%al").is_signed);
}

TEST(Argument, ReadsConstants) {
  const std::pair<const char*, std::int64_t> constants[] = {
      {"-4@$-1", -1},
      {"8@$0", 0},
      {"-4@$655360", 655360},
      {"4@$0x10", 16},
      {"4@$0X1f", 31},
      {"4@$010", 8},
      {"-8@$-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
      {"8@$18446744073709551615", -1},
      {"4@$8+16", 24},
      {"-4@$-8-4", -12},
      {"4@$+3", 3},
      {"4@$8+-16+9", 1},
  };
  for (const auto& [declaration, value] : constants) {
    const Argument argument = parse(declaration);
    EXPECT_EQ(argument.kind, Kind::constant) << declaration;
    EXPECT_EQ(argument.offset, value) << declaration;
  }
}

TEST(Argument, FitsConstantsToTheirDeclaredTypes) {
  EXPECT_EQ(parse("4@$-1").offset, 0xffffffff);
  EXPECT_EQ(parse("1@$-1").offset, 255);
  EXPECT_EQ(parse("-1@$200").offset, -56);
  EXPECT_EQ(parse("-2@$65535").offset, -1);
  EXPECT_EQ(parse("8@$-1").offset, -1);  // all 64 bits set, to be read as unsigned
}

TEST(Argument, ReadsMemoryBehindARegister) {
  EXPECT_EQ(memory_of("8@(%rsp)"), (Memory{Register::rsp, Register::none, 1, 0}));
  EXPECT_EQ(memory_of("-8@-144(%rbp)"), (Memory{Register::rbp, Register::none, 1, -144}));
  EXPECT_EQ(memory_of("2@12(%r12)"), (Memory{Register::r12, Register::none, 1, 12}));
  EXPECT_EQ(memory_of("2@0x7fff(%r12)"), (Memory{Register::r12, Register::none, 1, 0x7fff}));
  EXPECT_EQ(memory_of("2@-0x10(%r12)"), (Memory{Register::r12, Register::none, 1, -16}));
}

TEST(Argument, AddsUpDisplacements) {
  EXPECT_EQ(memory_of("4@8+16(%rsp)"), (Memory{Register::rsp, Register::none, 1, 24}));
  EXPECT_EQ(memory_of("4@-8-4(%rbp)"), (Memory{Register::rbp, Register::none, 1, -12}));
  EXPECT_EQ(memory_of("4@40+-8(%rbp)"), (Memory{Register::rbp, Register::none, 1, 32}));
}

TEST(Argument, ReadsMemoryBehindABaseAndAnIndex) {
  EXPECT_EQ(memory_of("8@(%rax,%rcx)"), (Memory{Register::rax, Register::rcx, 1, 0}));
  EXPECT_EQ(memory_of("4@8(%rdx,%rax,8)"), (Memory{Register::rdx, Register::rax, 8, 8}));
  EXPECT_EQ(memory_of("4@-4(%r8,%r15,2)"), (Memory{Register::r8, Register::r15, 2, -4}));
  EXPECT_EQ(memory_of("4@0(,%rax,8)"), (Memory{Register::none, Register::rax, 8, 0}));
  EXPECT_EQ(memory_of("4@4096(,%rax,4)"), (Memory{Register::none, Register::rax, 4, 4096}));
}

TEST(Argument, MakesSymbolsRelativeToTheProbe) {
  const Memory table{Register::rip, Register::none, 1, 0x4000};
  EXPECT_EQ(memory_of("4@table(%rip)"), table);
  EXPECT_EQ(memory_of("4@40+table(%rip)").offset, 0x4000 + 40);
  EXPECT_EQ(memory_of("4@table+40(%rip)").offset, 0x4000 + 40);
  EXPECT_EQ(memory_of("4@table-8(%rip)").offset, 0x4000 - 8);
  EXPECT_EQ(memory_of("4@-8+table+16(%rip)").offset, 0x4000 + 8);
  EXPECT_EQ(memory_of("4@counter.12(%rip)").offset, -0x800);
}

TEST(Argument, ReadsMemoryAtADistanceFromTheProbeItself) {
  EXPECT_EQ(memory_of("4@64(%rip)"), (Memory{Register::rip, Register::none, 1, 64}));
}

TEST(Argument, ReachesSymbolsOfProgramsAtAFixedAddressWithoutRip) {
  EXPECT_EQ(memory_of("4@table"), (Memory{Register::rip, Register::none, 1, 0x4000}));
  EXPECT_EQ(memory_of("4@table+4"), (Memory{Register::rip, Register::none, 1, 0x4004}));
  EXPECT_EQ(memory_of("4@table(,%rax,8)"), (Memory{Register::rip, Register::rax, 8, 0x4000}));
  EXPECT_EQ(memory_of("4@table(%rbx)"), (Memory{Register::rip, Register::rbx, 1, 0x4000}));
}

TEST(Argument, ReadsFloatingPointFromMemoryAndIntegerRegisters) {
  const Argument in_register = parse("8f@%rax");
  EXPECT_TRUE(in_register.is_float);
  EXPECT_EQ(in_register.kind, Kind::in_register);
  EXPECT_EQ(in_register.size, 8);

  const Argument single = parse("4f@%edx");
  EXPECT_TRUE(single.is_float);
  EXPECT_EQ(single.base, Register::rdx);
  EXPECT_EQ(single.size, 4);

  const Argument in_memory = parse("-8f@-24(%rbp)");
  EXPECT_TRUE(in_memory.is_float);
  EXPECT_EQ(in_memory.kind, Kind::in_memory);
  EXPECT_EQ(in_memory.offset, -24);
}

TEST(Argument, WithoutASizeIsAnUnsignedMachineWord) {
  const Argument word = parse("8(%rbp)");
  EXPECT_EQ(word.kind, Kind::in_memory);
  EXPECT_EQ(word.offset, 8);
  EXPECT_EQ(word.size, 8);
  EXPECT_FALSE(word.is_signed);
  EXPECT_EQ(parse("-8(%rbp)").offset, -8);
  EXPECT_EQ(parse("$-1").offset, -1);
}

TEST(Argument, WithoutASizeIsAsWideAsTheRegisterItNames) {
  EXPECT_EQ(parse("%rax").size, 8);
  EXPECT_EQ(parse("%eax").size, 4);
  EXPECT_EQ(parse("%ah").size, 1);
}

TEST(Argument, SaysWhyItCannotBeDelivered) {
  const std::pair<const char*, const char*> reasons[] = {
      {"8f@%xmm0", "%xmm0 is a floating-point or vector register"},
      {"8f@%st", "%st is a floating-point or vector register"},
      {"8f@%st(1)", "%st(1) is a floating-point or vector register"},
      {"4@%fs:-4", "thread-local memory (%fs)"},
      {"8@%gs:16(%rax)", "thread-local memory (%gs)"},
      {"8@$table", "the address of table"},
      {"8@$table+8", "the address of table"},
      {"8@table@GOTPCREL(%rip)", "table is resolved by the dynamic linker (@GOTPCREL)"},
      {"8@nowhere(%rip)", "where nowhere is cannot be told"},
      {"8@.LC0(%rip)", "where .LC0 is cannot be told"},
      {"16@(%rax)", "an argument of 16 bytes"},
      {"3@(%rax)", "an argument of 3 bytes"},
      {"0@(%rax)", "an argument of 0 bytes"},
      {"2f@(%rax)", "a floating-point argument of 2 bytes"},
      {"16f@(%rsp)", "a floating-point argument of 16 bytes"},
      {"8f@%eax", "a part of the number only"},
      {"8f@$1", "a constant is not a floating-point operand"},
      {"8x@%rax", "the type letter \"x\" is unknown"},
      {"4@4660", "a number without $"},
      {"4@0x1234", "a number without $"},
      {"8@%rip", "%rip itself"},
      {"8@%eflags", "%eflags is not a register"},
      {"8@(%eax)", "%eax is not a 64-bit register"},
      {"8@(%rax,%rcx,3)", "not by 3"},
      {"8@(%rax,%rsp)", "is not an operand"},
      {"8@(%rip,%rax)", "is not an operand"},
      {"8@table(%rax,%rcx)", "two registers"},
      {"8@table-table(%rip)", "an expression of symbols"},
      {"8@99999999999999999999(%rax)", "is not a number of 64 bits"},
      {"8@$08", "is not a number of 64 bits"},
      {"8@()", "is not an operand"},
      {"8@(%rax", "is not an operand"},
      {"8@(%rax,%rcx,4,1)", "is not an operand"},
      {"8@(,,8)", "is not an operand"},
      {"8@8+(%rax)", "ends in a sign"},
      {"8@$", "is not an operand"},
      {"8@", "has no operand"},
      {"8@%rax:4@%rbx", "is not a register"},
      {"nonsense!", "is not an operand"},
  };
  for (const auto& [declaration, reason] : reasons) {
    EXPECT_THAT(reason_of(declaration), HasSubstr(reason)) << declaration;
  }
}

TEST(Argument, WithoutSymbolsNoSymbolIsFound) {
  const auto arguments = parse_arguments("4@table(%rip)", probe_address, nullptr);
  ASSERT_EQ(arguments.size(), 1U);
  EXPECT_THAT(arguments[0].reason, HasSubstr("where table is cannot be told"));
}

TEST(Arguments, AreSeparatedByBlanks) {
  const auto arguments = parse_all("8@%rdi -4@%esi\t1@$1");
  ASSERT_EQ(arguments.size(), 3U);
  EXPECT_EQ(arguments[0].text, "8@%rdi");
  EXPECT_EQ(arguments[1].text, "-4@%esi");
  EXPECT_EQ(arguments[2].text, "1@$1");
}

TEST(Arguments, MayHoldBlanksWithinBrackets) {
  const auto arguments = parse_all("8@( %rax, %rcx, 8 ) -4@%esi");
  ASSERT_EQ(arguments.size(), 2U);
  EXPECT_EQ(arguments[0].base, Register::rax);
  EXPECT_EQ(arguments[0].index, Register::rcx);
  EXPECT_EQ(arguments[0].scale, 8);
}

TEST(Arguments, NoneAreNone) {
  EXPECT_TRUE(parse_all("").empty());
  EXPECT_TRUE(parse_all("   ").empty());
}

TEST(Arguments, OneThatCannotBeUnderstoodLeavesTheOthersAlone) {
  const auto arguments = parse_all("8@%rdi 8f@%xmm0 -4@%esi");
  ASSERT_EQ(arguments.size(), 3U);
  EXPECT_EQ(arguments[0].base, Register::rdi);
  EXPECT_EQ(arguments[1].kind, Kind::unavailable);
  EXPECT_EQ(arguments[2].base, Register::rsi);
}

TEST(Arguments, ABracketThatIsNeverClosedCostsOneArgument) {
  const auto arguments = parse_all("8@(%rax -4@%esi 1@$1");
  ASSERT_EQ(arguments.size(), 3U);
  EXPECT_EQ(arguments[0].kind, Kind::unavailable);
  EXPECT_EQ(arguments[1].base, Register::rsi);
  EXPECT_EQ(arguments[2].offset, 1);
}

TEST(Arguments, PastTheTwelfthAreUnavailable) {
  std::string text;
  for (int i = 0; i < 14; ++i) text += "4@$" + std::to_string(i) + " ";
  const auto arguments = parse_all(text);
  ASSERT_EQ(arguments.size(), 14U);
  EXPECT_EQ(arguments[11].offset, 11);
  EXPECT_EQ(arguments[12].kind, Kind::unavailable);
  EXPECT_EQ(arguments[12].text, "4@$12");
  EXPECT_EQ(arguments[13].reason, "a probe has at most 12 arguments");
}

TEST(Arguments, AreNotCollectedWithoutEnd) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "1@$1 ";
  EXPECT_EQ(parse_all(text).size(), 64U);
}

}  // namespace
}  // namespace sdt::elf
