// Probe notes written by hand, for the operand forms that sys/sdt.h does not produce on demand.
//
// ODD_PROBE("provider", "name", "-4@8(%%rdx,%%rax,4)") is text for an asm statement: a one-byte nop
// and its note in .note.stapsdt, with the argument string taken as it stands (so a register needs
// two percent signs, as everywhere in extended asm). It is up to the statement around it to put the
// value where the string says.
//
// The nop is one byte on purpose: a probe on a five-byte nop may be turned into a call by the
// kernel, and the call pushes onto the stack of a leaf function that keeps its locals below it.
#pragma once

// The note: name size, descriptor size, type 3; the name; then the addresses of the probe, of the
// base section and of the semaphore (none), and three strings.
#define ODD_PROBE(provider, name, arguments)                              \
  "661: nop\n"                                                            \
  ".pushsection .note.stapsdt,\"?\",\"note\"\n"                           \
  ".balign 4\n"                                                           \
  ".4byte 663f-662f, 665f-664f, 3\n"                                      \
  "662: .asciz \"stapsdt\"\n"                                             \
  "663: .balign 4\n"                                                      \
  "664: .8byte 661b, _.stapsdt.base, 0\n"                                 \
  ".asciz \"" provider                                                    \
  "\"\n"                                                                  \
  ".asciz \"" name                                                        \
  "\"\n"                                                                  \
  ".asciz \"" arguments                                                   \
  "\"\n"                                                                  \
  "665: .balign 4\n"                                                      \
  ".popsection\n"                                                         \
  ".ifndef _.stapsdt.base\n"                                              \
  ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
  ".weak _.stapsdt.base\n"                                                \
  ".hidden _.stapsdt.base\n"                                              \
  "_.stapsdt.base: .space 1\n"                                            \
  ".size _.stapsdt.base, 1\n"                                             \
  ".popsection\n"                                                         \
  ".endif\n"
