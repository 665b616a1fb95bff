// What holds for the probes of any file, however it was made.
//
// Purpose:   the properties that the targets `elf`, `notes` and `arguments` share.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include "elf/probes.h"
#include "fuzz.h"

namespace sdt::fuzz {

inline void check_argument(const elf::Argument& argument) {
  const auto is_width = [](unsigned n) { return n == 1 || n == 2 || n == 4 || n == 8; };
  using Kind = elf::Argument::Kind;
  using elf::Register;
  must((argument.kind == Kind::unavailable) == !argument.reason.empty(),
       "what is unavailable has a reason");
  must(!argument.text.empty(), "a declaration has a text");
  must(is_width(argument.size), "1, 2, 4 or 8 bytes");
  must(is_width(argument.scale), "scaled by 1, 2, 4 or 8");
  must(argument.shift == 0 || argument.shift == 8, "shifted by 0 or 8 bits");
  must(argument.index != Register::rip, "rip is never an index");
  if (argument.kind == Kind::in_register) {
    must(argument.base < Register::rip, "a register that the kernel saves");
  }
}

inline void check_probes(const elf::ProbeFile& probes, std::size_t file_size) {
  for (const elf::Site& site : probes.sites) {
    must(site.offset < file_size, "a site is inside the file");
    must(site.semaphore_offset < file_size, "a semaphore is inside the file");
    must(!site.provider.empty() && !site.name.empty(), "a site has a name");
    for (const elf::Argument& argument : site.arguments) check_argument(argument);
  }
  must(probes.skipped.size() <= 1001, "skipped notes are bounded");
  for (const elf::SkippedNote& note : probes.skipped) {
    must(!note.reason.empty(), "a skipped note has a reason");
  }
}

}  // namespace sdt::fuzz
