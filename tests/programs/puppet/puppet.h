// The parts of `puppet` that need a file of their own.
#pragma once

#include <cstdint>

namespace puppet {

/// Fires puppet:guarded `count` times if somebody listens; how often it fired.
std::uint64_t fire_guarded(std::uint64_t count);  // guarded.cpp
/// How many listen, as the kernel counts them.
unsigned guarded_semaphore();  // guarded.cpp

/// Fires puppet_lib:tick. In libpuppet.so.
void library_tick(std::uint64_t count);  // library.cpp

}  // namespace puppet
