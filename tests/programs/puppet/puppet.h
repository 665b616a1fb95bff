// The parts of `puppet` that need a file of their own.
#pragma once

#include <cstdint>
#include <iosfwd>

namespace puppet {

/// Fires puppet:guarded `count` times if somebody listens; how often it fired.
std::uint64_t fire_guarded(std::uint64_t count);  // guarded.cpp
/// How many listen, as the kernel counts them.
unsigned guarded_semaphore();  // guarded.cpp

/// Fires puppet:tick(i) for i = 0 .. count-1.
void tick(std::uint64_t count);  // puppet.cpp

// processes.cpp

/// A child that fires, and then ends at once or stays until end_children(); with `group`, the
/// descriptor of a control group, born into it.
void fork_and_tick(std::uint64_t count, bool stays, int group = -1);
/// A child's child that fires once the child has ended, and ends.
void orphan_and_tick(std::uint64_t count);
void end_children();
/// Runs a program to its end; false: it could not be, or failed.
bool run(std::istream& command);
[[noreturn]] void become(std::istream& command);

/// Fires puppet_lib:tick. In libpuppet.so.
void library_tick(std::uint64_t count);  // library.cpp

}  // namespace puppet
