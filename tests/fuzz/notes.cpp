// Probe notes: the input is the content of .note.stapsdt in a file that is sound otherwise.
#include "elf_checks.h"
#include "unit/elf/elf_builder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sdt;
  const auto input = fuzz::Input(data, size).bytes(size);
  const elf::Bytes file = elf::ElfBuilder()
                              .base_at(0x9000)
                              .probes({input.begin(), input.end()})
                              .symbols(SHT_SYMTAB, {{"table", elf::ElfBuilder::data_address + 8}})
                              .build();
  const auto probes = elf::read_probes(file);
  fuzz::must(probes.has_value(), "notes alone never make a file unreadable");
  fuzz::check_probes(*probes, file.size());
  return 0;
}
