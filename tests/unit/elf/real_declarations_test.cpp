// The declarations of real programs against what they are meant to say.

#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "elf/argument.h"

namespace sdt::elf {
namespace {

std::string name_of(Register which) {
  constexpr const char* names[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8",
                                   "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip"};
  return names[static_cast<std::size_t>(which)];
}

std::string render(const Argument& argument) {
  std::ostringstream text;
  text << (argument.is_signed ? "int" : "uint") << 8 * argument.size;
  switch (argument.kind) {
    case Argument::Kind::unavailable:
      text << " unavailable: " << argument.reason;
      break;
    case Argument::Kind::constant:
      text << " constant " << argument.offset;
      break;
    case Argument::Kind::in_register:
      text << " register " << name_of(argument.base);
      break;
    case Argument::Kind::in_memory:
      text << " memory " << name_of(argument.base);
      if (argument.index != Register::none) {
        text << '+' << name_of(argument.index) << '*' << int{argument.scale};
      }
      if (argument.offset != 0) text << std::showpos << argument.offset;
      break;
  }
  return text.str();
}

std::optional<std::uint64_t> lookup(std::string_view name) {
  if (name == "CheckpointStats") return 0x5000;
  if (name == "NBuffers") return 0x3000;
  return std::nullopt;
}

TEST(RealDeclarations, AllSayWhatTheirProgramsMean) {
  std::ifstream file(SDT_FIXTURES "/elf/arguments.txt");
  std::size_t checked = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const std::size_t tab = line.find('\t');
    ASSERT_NE(tab, std::string::npos) << line;
    const auto arguments = parse_arguments(line.substr(0, tab), 0x1000, lookup);
    ASSERT_EQ(arguments.size(), 1U) << line;
    EXPECT_EQ(render(arguments[0]), line.substr(tab + 1)) << line;
    ++checked;
  }
  EXPECT_EQ(checked, 163U);
}

}  // namespace
}  // namespace sdt::elf
