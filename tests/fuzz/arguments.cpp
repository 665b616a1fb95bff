// Argument declarations. Each one alone means what it means among the others.
#include <string>

#include "elf_checks.h"

namespace sdt::fuzz {
namespace {

constexpr std::uint64_t probe = 0x1000;

std::vector<elf::Argument> parse(std::string_view text) {
  return elf::parse_arguments(text, probe, [](std::string_view name) {
    return name == "table" ? std::optional<std::uint64_t>(0x5000) : std::nullopt;
  });
}

bool is_same(const elf::Argument& a, const elf::Argument& b) {
  return a.kind == b.kind && a.size == b.size && a.is_signed == b.is_signed &&
         a.is_float == b.is_float && a.base == b.base && a.index == b.index && a.scale == b.scale &&
         a.shift == b.shift && a.offset == b.offset && a.reason == b.reason;
}

}  // namespace
}  // namespace sdt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sdt;
  constexpr std::size_t most_delivered = 12;  // see elf/argument.h
  const std::string_view text = fuzz::Input(data, size).rest();
  const auto arguments = fuzz::parse(text);
  fuzz::must(arguments.size() <= 64, "at most 64 arguments");
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    fuzz::check_argument(arguments[i]);
    fuzz::must(text.find(arguments[i].text) != std::string_view::npos, "it stands in the note");
    if (i >= most_delivered) continue;
    const auto alone = fuzz::parse(arguments[i].text);
    fuzz::must(alone.size() == 1, "a declaration alone is one");
    fuzz::must(fuzz::is_same(alone[0], arguments[i]), "a declaration alone means the same");
  }
  return 0;
}
