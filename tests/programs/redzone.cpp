// Leaf functions that keep their data in the red zone, each with a probe on another kind of nop.
//
// "run COUNT" calls each of them COUNT times and answers, for each in the order of `functions`, how
// many calls found something else in the 128 bytes below the stack pointer than they had put there.
// Nothing but the probe may touch the stack in between: hence assembly.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#define STAPSDT_NOTE(site, name)                                          \
  ".pushsection .note.stapsdt, \"\", \"note\"\n"                          \
  ".balign 4\n"                                                           \
  ".4byte 993f-992f, 995f-994f, 3\n"                                      \
  "992: .asciz \"stapsdt\"\n"                                             \
  "993: .balign 4\n"                                                      \
  "994: .8byte " site                                                     \
  ", _.stapsdt.base, 0\n"                                                 \
  ".asciz \"redzone\"\n"                                                  \
  ".asciz \"" name                                                        \
  "\"\n"                                                                  \
  ".asciz \"\"\n"                                                         \
  "995: .balign 4\n"                                                      \
  ".popsection\n"                                                         \
  ".ifndef _.stapsdt.base\n"                                              \
  ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
  ".weak _.stapsdt.base\n"                                                \
  ".hidden _.stapsdt.base\n"                                              \
  "_.stapsdt.base: .space 1\n"                                            \
  ".size _.stapsdt.base, 1\n"                                             \
  ".popsection\n"                                                         \
  ".endif\n"

// Returns how many of the 16 words were overwritten.
#define LEAF_FUNCTION(name, nops)    \
  asm(".pushsection .text\n"         \
      ".type redzone_" name          \
      ", @function\n"                \
      "redzone_" name                \
      ": .cfi_startproc\n"           \
      "mov $-16, %rcx\n"             \
      "1: mov %rdi, (%rsp,%rcx,8)\n" \
      "inc %rcx\n"                   \
      "jnz 1b\n"                     \
      "990: .byte " nops             \
      "\n"                           \
      "xor %eax, %eax\n"             \
      "mov $-16, %rcx\n"             \
      "2: cmp %rdi, (%rsp,%rcx,8)\n" \
      "je 3f\n"                      \
      "inc %eax\n"                   \
      "3: inc %rcx\n"                \
      "jnz 2b\n"                     \
      "ret\n"                        \
      ".cfi_endproc\n" STAPSDT_NOTE("990b", name) ".popsection\n")

LEAF_FUNCTION("nop", "0x90");
LEAF_FUNCTION("nop5", "0x0f, 0x1f, 0x44, 0x00, 0x00");
LEAF_FUNCTION("prefixed_nop5", "0x66, 0x66, 0x66, 0x66, 0x90");
LEAF_FUNCTION("nop_nop5", "0x90, 0x0f, 0x1f, 0x44, 0x00, 0x00");
LEAF_FUNCTION("nop10", "0x66, 0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00");
LEAF_FUNCTION("segment_nop10", "0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00");

// Notes that no probe may follow: into the constant of a mov (which reads as a nop), on a
// breakpoint of the program's own, and into data.
asm(".pushsection .text\n"
    "redzone_never_called: .cfi_startproc\n"
    "mov $0x90909090, %eax\n"
    "int3\n"
    "ret\n"
    ".cfi_endproc\n"                                        //
    STAPSDT_NOTE("redzone_never_called + 2", "in_operand")  //
    STAPSDT_NOTE("redzone_never_called + 5", "breakpoint")  //
    STAPSDT_NOTE("redzone_data", "in_data")                 //
    ".popsection\n"
    ".pushsection .data\n"
    "redzone_data: .8byte 0x9090909090909090\n"
    ".popsection\n");

extern "C" {
std::uint32_t redzone_nop(std::uint64_t);
std::uint32_t redzone_nop5(std::uint64_t);
std::uint32_t redzone_prefixed_nop5(std::uint64_t);
std::uint32_t redzone_nop_nop5(std::uint64_t);
std::uint32_t redzone_nop10(std::uint64_t);
std::uint32_t redzone_segment_nop10(std::uint64_t);
}

namespace {

struct Leaf {
  const char* name;
  std::uint32_t (*function)(std::uint64_t);
};

constexpr Leaf functions[] = {
    {"nop", redzone_nop},
    {"nop5", redzone_nop5},
    {"prefixed_nop5", redzone_prefixed_nop5},
    {"nop_nop5", redzone_nop_nop5},
    {"nop10", redzone_nop10},
    {"segment_nop10", redzone_segment_nop10},
};

void run(std::uint64_t count) {
  for (const Leaf& leaf : functions) {
    std::uint64_t corrupted = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      corrupted += leaf.function(0x5a5aa5a55a5aa5a5 + i) == 0 ? 0 : 1;
    }
    std::cout << leaf.name << '=' << corrupted << ' ';
  }
  std::cout << std::endl;
}

}  // namespace

int main() {
  std::cout << "ready" << std::endl;
  for (std::string word; std::cin >> word;) {
    std::uint64_t count = 0;
    if (word != "run" || !(std::cin >> count)) return EXIT_FAILURE;
    run(count);
  }
  return EXIT_SUCCESS;
}
