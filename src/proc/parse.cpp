#include "proc/parse.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

#include "proc/words.h"

namespace sdt::proc {
namespace {

constexpr std::uint32_t pf_kthread = 0x00200000;  // include/linux/sched.h
constexpr std::string_view deleted_mark = " (deleted)";

template <class T>
std::optional<T> to_number(std::string_view text, int radix = 10) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value, radix);
  if (text.empty() || problem != std::errc() || stop != end) return std::nullopt;
  return value;
}

/// maps escapes the newline and nothing else, the backslash neither: undoing more would spoil names
/// that hold one.
std::string unescape_path(std::string_view text) {
  constexpr std::string_view newline = "\\012";
  std::string path;
  while (true) {
    const std::size_t at = text.find(newline);
    path += text.substr(0, at);
    if (at == std::string_view::npos) return path;
    path += '\n';
    text.remove_prefix(at + newline.size());
  }
}

/// Device memory, shared memory segments and the kernel's own objects have a name like a file's,
/// but no file that could be opened or hold a program.
bool is_pseudo_file(std::string_view path) {
  constexpr std::array prefixes{std::string_view("/SYSV"), std::string_view("/[aio]"),
                                std::string_view("/anon_hugepage"), std::string_view("/dmabuf:")};
  if (!path.starts_with('/')) return true;
  if (path.starts_with("/dev/")) return !path.starts_with("/dev/shm/");
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return path.starts_with(prefix); });
}

std::optional<FileId> parse_file_id(std::string_view device, std::string_view inode) {
  const auto major = to_number<std::uint32_t>(cut(device, ':'), 16);
  const auto minor = to_number<std::uint32_t>(device, 16);
  const auto number = to_number<std::uint64_t>(inode);
  if (!major || !minor || !number || *number == 0) return std::nullopt;
  return FileId{*major, *minor, *number};
}

std::optional<Mapping> parse_mapping(std::string_view line) {
  std::string_view range = cut(line, ' ');
  const std::string_view permissions = cut(line, ' ');
  const auto offset = to_number<std::uint64_t>(cut(line, ' '), 16);
  const std::string_view device = cut(line, ' ');
  const auto file = parse_file_id(device, cut(line, ' '));
  const auto start = to_number<std::uint64_t>(cut(range, '-'), 16);
  const auto end = to_number<std::uint64_t>(range, 16);
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));

  const bool executable = permissions.size() == 4 && permissions[2] == 'x';
  if (!executable || !offset || !file || !start || !end || is_pseudo_file(line)) {
    return std::nullopt;
  }
  Mapping mapping{*start, *end, *offset, *file, {}, false};
  set_mapping_path(mapping, unescape_path(line));
  return mapping;
}

}  // namespace

void set_mapping_path(Mapping& mapping, std::string path) {
  mapping.deleted = path.ends_with(deleted_mark);
  if (mapping.deleted) path.resize(path.size() - deleted_mark.size());
  mapping.path = std::move(path);
}

bool is_of_a_file(const Mapping& mapping) {
  return mapping.file.inode != 0 && !is_pseudo_file(mapping.path) &&
         !mapping.path.starts_with("//");
}

std::vector<unsigned> parse_cpu_list(std::string_view text) {
  constexpr unsigned most = 1U << 16;
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::vector<unsigned> cpus;
  while (!text.empty()) {
    std::string_view last = cut(text, ',');
    const auto first = to_number<unsigned>(cut(last, '-'));
    const auto end = last.empty() ? first : to_number<unsigned>(last);
    if (!first || !end || *end >= most) continue;
    for (unsigned cpu = *first; cpu <= *end; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

std::optional<Stat> parse_stat(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');  // the fields after the comm hold none
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  // Numbers as in proc(5): the comm is field 2.
  constexpr std::size_t state = 3, parent = 4, flags = 9, threads = 20, start_time = 22;
  std::array<std::string_view, start_time + 1> fields;
  std::string_view rest = text.substr(close + 1);
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  for (std::size_t i = state; i <= start_time; ++i) fields[i] = cut(rest, ' ');
  while (fields[start_time].ends_with('\n')) fields[start_time].remove_suffix(1);

  const auto parent_pid = to_number<std::uint32_t>(fields[parent]);
  const auto flag_bits = to_number<std::uint32_t>(fields[flags]);
  const auto start_ticks = to_number<std::uint64_t>(fields[start_time]);
  const auto thread_count = to_number<std::uint32_t>(fields[threads]);
  if (fields[state].size() != 1 || !parent_pid || !flag_bits || !start_ticks || !thread_count) {
    return std::nullopt;
  }
  return Stat{std::string(text.substr(open + 1, close - open - 1)),
              fields[state].front(),
              *parent_pid,
              *start_ticks,
              (*flag_bits & pf_kthread) != 0,
              *thread_count};
}

std::vector<Mapping> parse_maps(std::string_view text) {
  std::vector<Mapping> mappings;
  while (!text.empty()) {
    if (auto mapping = parse_mapping(cut(text, '\n'))) mappings.push_back(std::move(*mapping));
  }
  return mappings;
}

std::string parse_cmdline(std::string_view text) {
  // Programs that write their own title (PostgreSQL) leave the rest of the space as NULs.
  while (text.ends_with('\0')) text.remove_suffix(1);
  std::string line(text);
  std::replace(line.begin(), line.end(), '\0', ' ');
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

std::optional<std::uint32_t> parse_status_uid(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    if (cut(line, '\t') != "Uid:") continue;
    cut(line, '\t');  // the real uid
    return to_number<std::uint32_t>(cut(line, '\t'));
  }
  return std::nullopt;
}

}  // namespace sdt::proc
