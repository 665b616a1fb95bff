// libplugin.so: probes that come with dlopen.
#include <sys/sdt.h>

#include <cstdint>

extern "C" [[gnu::visibility("default")]] void plugin_tick(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) DTRACE_PROBE1(plugin, tick, i);
}
