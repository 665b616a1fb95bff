// What a probe would be put on.
//
// Purpose:   decode the instruction at each probe's address, and find out whether one begins there
//            at all, before a breakpoint overwrites its first byte.
// Ownership: plain values; nothing refers to the bytes afterwards.
// Thread:    any; pure over bytes that may be hostile: every read is bounds-checked.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "elf/byte_view.h"
#include "elf/hazard.h"
#include "elf/headers.h"

namespace sdt::elf {

/// The hazard at each address, in their order. Functions are walked from their beginning as
/// .eh_frame_hdr tells it, each once; no more than 4 MiB of code altogether (some 0.2 s), past
/// which no beginning is known.
[[nodiscard]] std::vector<Hazard> find_hazards(ByteView file, const Headers& headers,
                                               std::span<const std::uint64_t> addresses);

}  // namespace sdt::elf
