#include "elf/hazard.h"

namespace sdt::elf {

std::string_view to_string(Hazard hazard) {
  switch (hazard) {
    case Hazard::none:
      return "none";
    case Hazard::five_byte_nop:
      return "five_byte_nop";
    case Hazard::not_an_instruction:
      return "not_an_instruction";
    case Hazard::unknown_code:
      return "unknown_code";
    case Hazard::breakpoint:
      return "breakpoint";
  }
  return "none";
}

std::string_view explain(Hazard hazard) {
  switch (hazard) {
    case Hazard::none:
      return "safe";
    case Hazard::five_byte_nop:
      return "a 5-byte nop: recent kernels make a call of it, which can overwrite the stack of the "
             "function around it; build the probe with a 1-byte nop, as sys/sdt.h does";
    case Hazard::not_an_instruction:
      return "not the beginning of an instruction: a breakpoint there would change the program; "
             "the "
             "note does not fit the code";
    case Hazard::unknown_code:
      return "not a nop, and nothing in the file tells whether an instruction begins there: a "
             "breakpoint could change the program";
    case Hazard::breakpoint:
      return "a breakpoint (int3) of the program's own, which it would not see any more";
  }
  return "safe";
}

}  // namespace sdt::elf
