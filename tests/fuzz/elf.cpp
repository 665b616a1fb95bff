// Whole ELF files.
#include "elf_checks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sdt;
  const auto probes = elf::read_probes(fuzz::Input(data, size).bytes(size));
  if (probes) {
    fuzz::check_probes(*probes, size);
  } else {
    fuzz::must(!probes.error().message.empty(), "a failure says why");
  }
  return 0;
}
