// Files of /proc. The first byte says which one the rest is.
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "fuzz.h"
#include "proc/parse.h"

namespace sdt::fuzz {
namespace {

std::string as_maps_line(const proc::Mapping& mapping) {
  std::string path;
  for (const char c : mapping.path) path += c == '\n' ? std::string("\\012") : std::string(1, c);
  return fmt::format("{:x}-{:x} r-xp {:x} {:x}:{:x} {}    {}{}\n", mapping.start, mapping.end,
                     mapping.offset, mapping.file.major, mapping.file.minor, mapping.file.inode,
                     path, mapping.deleted ? " (deleted)" : "");
}

bool is_same(const proc::Mapping& a, const proc::Mapping& b) {
  return a.start == b.start && a.end == b.end && a.offset == b.offset && a.file == b.file &&
         a.path == b.path && a.deleted == b.deleted;
}

void try_maps(std::string_view text) {
  for (const proc::Mapping& mapping : proc::parse_maps(text)) {
    must(mapping.file.inode != 0, "a mapping is of a file");
    must(mapping.path.starts_with('/'), "a mapping has a path");
    const auto again = proc::parse_maps(as_maps_line(mapping));
    must(again.size() == 1 && is_same(again[0], mapping), "a mapping written out reads the same");
  }
}

void try_stat(std::string_view text) {
  const auto stat = proc::parse_stat(text);
  if (!stat) return;
  const std::string again = fmt::format(
      "1 ({}) {} {} 0 0 0 0 {} 0 0 0 0 0 0 0 0 0 0 {} 0 {}\n", stat->comm, stat->state,
      stat->parent, stat->kernel_thread ? 0x00200000 : 0, stat->threads, stat->start_ticks);
  const auto reread = proc::parse_stat(again);
  must(reread && reread->comm == stat->comm && reread->state == stat->state &&
           reread->parent == stat->parent && reread->start_ticks == stat->start_ticks &&
           reread->kernel_thread == stat->kernel_thread && reread->threads == stat->threads,
       "a stat written out reads the same");
}

void try_cmdline(std::string_view text) {
  const std::string line = proc::parse_cmdline(text);
  must(line.find('\0') == std::string::npos && !line.ends_with(' '),
       "a command line is a text without an end in blanks");
  must(proc::parse_cmdline(line) == line, "a command line stays as it is");
}

void try_cpu_list(std::string_view text) {
  const auto cpus = proc::parse_cpu_list(text);
  must(std::all_of(cpus.begin(), cpus.end(), [](unsigned cpu) { return cpu < (1U << 16); }),
       "CPUs are below 65536");
}

}  // namespace
}  // namespace sdt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sdt;
  fuzz::Input input(data, size);
  const std::uint8_t which = input.byte();
  const std::string_view text = input.rest();
  switch (which) {
    case 'm':
      fuzz::try_maps(text);
      break;
    case 's':
      fuzz::try_stat(text);
      break;
    case 'c':
      fuzz::try_cmdline(text);
      break;
    case 'l':
      fuzz::try_cpu_list(text);
      break;
    default:
      static_cast<void>(proc::parse_status_uid(text));
  }
  return 0;
}
