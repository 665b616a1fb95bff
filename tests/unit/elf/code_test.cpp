// What a probe would be put on, byte by byte.
#include "elf/code.h"

#include <random>

#include <gmock/gmock.h>

#include "elf/mapped_file.h"
#include "elf_builder.h"

namespace sdt::elf {
namespace {

using testing::Each;
using testing::ElementsAre;

constexpr std::uint64_t code = ElfBuilder::code_address;

Bytes bytes(std::initializer_list<int> values) {
  Bytes result;
  for (const int value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

std::vector<Hazard> hazards_in(const Bytes& file, const std::vector<std::uint64_t>& addresses) {
  const ByteView view(file);
  const auto headers = read_headers(view);
  EXPECT_TRUE(headers);
  return headers ? find_hazards(view, *headers, addresses) : std::vector<Hazard>{};
}

/// The hazard at the beginning of these bytes, in a file without any table of functions.
Hazard hazard_on(const Bytes& instruction) {
  return hazards_in(ElfBuilder().code(instruction).build(), {code}).at(0);
}

// push %rbp; mov %rsp,%rbp; nop; lea 0x0(%rax,%rax,1),%rax; pop %rbp; ret
const Bytes function = bytes(
    {0x55, 0x48, 0x89, 0xe5, 0x90, 0x48, 0x8d, 0x84, 0x00, 0x90, 0x90, 0x90, 0x90, 0x5d, 0xc3});
constexpr std::uint32_t function_size = 15;

TEST(FindHazards, ThereIsNoneOnNopsOfMostLengths) {
  EXPECT_EQ(hazard_on(bytes({0x90})), Hazard::none);
  EXPECT_EQ(hazard_on(bytes({0x66, 0x90})), Hazard::none);
  EXPECT_EQ(hazard_on(bytes({0x0f, 0x1f, 0x40, 0x00})), Hazard::none);
  EXPECT_EQ(hazard_on(bytes({0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00})), Hazard::none);
  EXPECT_EQ(hazard_on(bytes({0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0})), Hazard::none);
}

TEST(FindHazards, EveryNopOfFiveBytesIsOne) {
  EXPECT_EQ(hazard_on(bytes({0x0f, 0x1f, 0x44, 0x00, 0x00})), Hazard::five_byte_nop);
  EXPECT_EQ(hazard_on(bytes({0x0f, 0x1f, 0x44, 0x03, 0x07})), Hazard::five_byte_nop);
  EXPECT_EQ(hazard_on(bytes({0x66, 0x0f, 0x1f, 0x40, 0x00})), Hazard::five_byte_nop);
  EXPECT_EQ(hazard_on(bytes({0x66, 0x66, 0x66, 0x66, 0x90})), Hazard::five_byte_nop);
}

TEST(FindHazards, ANopBeforeAFiveByteNopIsNone) {
  const Bytes both = bytes({0x90, 0x0f, 0x1f, 0x44, 0x00, 0x00});
  EXPECT_THAT(hazards_in(ElfBuilder().code(both).build(), {code, code + 1}),
              ElementsAre(Hazard::none, Hazard::five_byte_nop));
}

TEST(FindHazards, ABreakpointIsSomebodyElses) {
  EXPECT_EQ(hazard_on(bytes({0xcc})), Hazard::breakpoint);
}

TEST(FindHazards, OtherInstructionsNeedToBeKnownToBeginThere) {
  const ElfBuilder without = ElfBuilder().code(function);
  EXPECT_THAT(hazards_in(without.build(), {code, code + 4, code + 13}),
              ElementsAre(Hazard::unknown_code, Hazard::none, Hazard::unknown_code));
  ElfBuilder with = without;
  with.functions({{code, function_size}});
  EXPECT_THAT(hazards_in(with.build(), {code, code + 1, code + 4, code + 5, code + 13, code + 14}),
              Each(Hazard::none));
}

TEST(FindHazards, TheMiddleOfAnInstructionIsOneEvenIfItLooksLikeANop) {
  const Bytes file = ElfBuilder().code(function).functions({{code, function_size}}).build();
  EXPECT_THAT(hazards_in(file, {code + 2, code + 3, code + 6, code + 9, code + 12}),
              Each(Hazard::not_an_instruction));
}

TEST(FindHazards, AddressesComeInAnyOrderAndMoreThanOnce) {
  const Bytes file = ElfBuilder().code(function).functions({{code, function_size}}).build();
  EXPECT_THAT(hazards_in(file, {code + 13, code + 9, code + 4, code + 9, code + 13}),
              ElementsAre(Hazard::none, Hazard::not_an_instruction, Hazard::none,
                          Hazard::not_an_instruction, Hazard::none));
}

TEST(FindHazards, EachFunctionIsReadFromItsOwnBeginning) {
  // What lies between the two would swallow the beginning of the second.
  const Bytes file = ElfBuilder()
                         .code(bytes({0xc3, 0x48, 0xb8}) + function)
                         .functions({{code, 1}, {code + 3, function_size}})
                         .build();
  EXPECT_THAT(hazards_in(file, {code, code + 1, code + 3, code + 4, code + 5, code + 17}),
              ElementsAre(Hazard::none, Hazard::unknown_code, Hazard::none, Hazard::none,
                          Hazard::not_an_instruction, Hazard::none));
}

TEST(FindHazards, NothingIsKnownBehindWhatCannotBeDecoded) {
  // 06 is no instruction in 64-bit code.
  const Bytes file =
      ElfBuilder().code(bytes({0x55, 0x06, 0x55, 0x90, 0x5d})).functions({{code, 5}}).build();
  EXPECT_THAT(
      hazards_in(file, {code, code + 1, code + 2, code + 3}),
      ElementsAre(Hazard::none, Hazard::not_an_instruction, Hazard::unknown_code, Hazard::none));
}

TEST(FindHazards, AnInstructionThatTheSegmentCutsOffIsNone) {
  constexpr std::uint64_t last = ElfBuilder::segment_size - 1;
  Bytes cut = ElfBuilder().code(Bytes(last, std::byte{0x90}) + bytes({0x48})).build();
  EXPECT_THAT(hazards_in(cut, {code + last - 1, code + last}),
              ElementsAre(Hazard::none, Hazard::not_an_instruction));
}

TEST(FindHazards, ATableInAnotherFormTellsNothing) {
  const Bytes sound = ElfBuilder().code(function).functions({{code, function_size}}).build();
  const auto with = [&](std::uint64_t offset, std::uint8_t value) {
    Bytes file = sound;
    file[offset] = std::byte{value};
    return hazards_in(file, {code}).at(0);
  };
  EXPECT_EQ(with(ElfBuilder::unwind_index_offset, 1), Hazard::none);
  EXPECT_EQ(with(ElfBuilder::unwind_index_offset, 2), Hazard::unknown_code);         // version
  EXPECT_EQ(with(ElfBuilder::unwind_index_offset + 3, 0x3c), Hazard::unknown_code);  // sdata8
  EXPECT_EQ(with(ElfBuilder::unwind_index_offset + 8, 200), Hazard::unknown_code);   // count
  EXPECT_EQ(with(ElfBuilder::descriptions_offset, 4), Hazard::unknown_code);         // length
  EXPECT_EQ(with(ElfBuilder::descriptions_offset + 4, 0), Hazard::unknown_code);  // no function's
  EXPECT_EQ(with(ElfBuilder::descriptions_offset + 8, 7), Hazard::unknown_code);  // its beginning
}

TEST(FindHazards, HostileTablesAreReadWithinBounds) {
  const Bytes sound =
      ElfBuilder().code(function).functions({{code, 4}, {code + 4, function_size}}).build();
  std::mt19937 random(20251125);
  std::uniform_int_distribution<std::uint64_t> place(ElfBuilder::unwind_index_offset,
                                                     ElfBuilder::unwind_index_offset + 0x3f);
  for (int round = 0; round < 5000; ++round) {
    Bytes file = sound;
    for (int i = 0; i < 3; ++i) file[place(random)] = static_cast<std::byte>(random());
    EXPECT_THAT(hazards_in(file, {code, code + 5, code + 63, 0, ~std::uint64_t{0}}),
                testing::SizeIs(5));
  }
}

TEST(FindHazards, NoMoreThan4MiBAreWalked) {
  constexpr std::uint32_t mebibyte = 1 << 20;
  constexpr std::uint32_t size = 5 * mebibyte;
  constexpr std::uint64_t begin = 0x1000000;
  ElfBuilder builder;
  builder.functions({{begin, size}});
  Bytes file = builder.build();
  builder.segments[0].p_vaddr = begin;
  builder.segments[0].p_offset = file.size();
  builder.segments[0].p_filesz = size;
  builder.segments[0].p_memsz = size;
  file = builder.build() + Bytes(size, std::byte{0x55});
  EXPECT_THAT(hazards_in(file, {begin + 3 * mebibyte, begin + size - 1}),
              ElementsAre(Hazard::none, Hazard::unknown_code));
}

// This program itself: compiled code with the tables that a linker makes.
asm(".pushsection .text\n"
    "code_test_function: .cfi_startproc\n"
    "push %rbp\n"
    ".cfi_def_cfa_offset 16\n"
    "mov $0x90909090, %eax\n"
    "nop\n"
    "pop %rbp\n"
    ".cfi_def_cfa_offset 8\n"
    "ret\n"
    ".cfi_endproc\n"
    ".popsection\n");
extern "C" const char code_test_function[];

extern "C" const char __ehdr_start[];  // where the file's first byte is mapped

TEST(FindHazards, AreToldInWhatALinkerMade) {
  const auto file = MappedFile::open("/proc/self/exe");
  ASSERT_TRUE(file);
  const ByteView view(file->bytes());
  const auto headers = read_headers(view);
  ASSERT_TRUE(headers);
  const auto at = static_cast<std::uint64_t>(code_test_function - __ehdr_start);
  EXPECT_THAT(find_hazards(view, *headers, std::vector{at, at + 1, at + 2, at + 5, at + 6, at + 7}),
              ElementsAre(Hazard::none, Hazard::none, Hazard::not_an_instruction,
                          Hazard::not_an_instruction, Hazard::none, Hazard::none));
}

}  // namespace
}  // namespace sdt::elf
