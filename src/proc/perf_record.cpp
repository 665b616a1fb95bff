#include "proc/perf_record.h"

#include <linux/perf_event.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "proc/parse.h"

namespace sdt::proc {
namespace {

/// Reads a record from front to back; a read past its end yields zero and spoils the record.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <class T>
  T take() {
    T value{};
    if (bytes_.size() < sizeof value) {
      is_good_ = false;
      return value;
    }
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_ = bytes_.subspan(sizeof value);
    return value;
  }

  /// What is left, up to the first NUL.
  std::string take_text() {
    std::string text(bytes_.size(), '\0');
    if (!bytes_.empty()) std::memcpy(text.data(), bytes_.data(), bytes_.size());
    text.resize(std::min(text.size(), text.find('\0')));
    return text;
  }

  [[nodiscard]] bool is_good() const { return is_good_; }

 private:
  std::span<const std::byte> bytes_;
  bool is_good_ = true;
};

/// perf gives the pids of processes outside our pid namespace as 0, those of reaped ones as -1.
bool is_pid(std::uint32_t pid) {
  return pid != 0 && pid != static_cast<std::uint32_t>(-1);
}

std::optional<Mapped> read_mapped(Reader& reader) {
  Mapped mapped;
  mapped.pid = reader.take<std::uint32_t>();
  mapped.tid = reader.take<std::uint32_t>();
  Mapping& mapping = mapped.mapping;
  mapping.start = reader.take<std::uint64_t>();
  mapping.end = mapping.start + reader.take<std::uint64_t>();
  mapping.offset = reader.take<std::uint64_t>();
  mapping.file.major = reader.take<std::uint32_t>();
  mapping.file.minor = reader.take<std::uint32_t>();
  mapping.file.inode = reader.take<std::uint64_t>();
  reader.take<std::uint64_t>();  // inode generation
  const auto protection = reader.take<std::uint32_t>();
  reader.take<std::uint32_t>();  // flags
  if (!reader.is_good() || (protection & PROT_EXEC) == 0) return std::nullopt;
  set_mapping_path(mapping, reader.take_text());
  if (!is_of_a_file(mapping)) return std::nullopt;
  return mapped;
}

}  // namespace

std::optional<Record> parse_record(std::span<const std::byte> bytes) {
  perf_event_header header{};
  std::uint64_t time = 0;
  if (bytes.size() < sizeof header + sizeof time) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::memcpy(&time, bytes.last(sizeof time).data(), sizeof time);
  Reader reader(bytes.subspan(sizeof header, bytes.size() - sizeof header - sizeof time));
  Record record{time, {}};
  std::uint32_t pid = 1;
  switch (header.type) {
    case PERF_RECORD_FORK: {
      Fork fork;
      fork.pid = pid = reader.take<std::uint32_t>();
      fork.parent_pid = reader.take<std::uint32_t>();
      fork.tid = reader.take<std::uint32_t>();
      fork.parent_tid = reader.take<std::uint32_t>();
      record.what = fork;
      break;
    }
    case PERF_RECORD_EXIT: {
      Exit exit;
      exit.pid = pid = reader.take<std::uint32_t>();
      reader.take<std::uint32_t>();  // parent
      exit.tid = reader.take<std::uint32_t>();
      record.what = exit;
      break;
    }
    case PERF_RECORD_COMM: {
      Comm comm;
      comm.pid = pid = reader.take<std::uint32_t>();
      comm.tid = reader.take<std::uint32_t>();
      comm.is_exec = (header.misc & PERF_RECORD_MISC_COMM_EXEC) != 0;
      comm.comm = reader.take_text();
      record.what = std::move(comm);
      break;
    }
    case PERF_RECORD_MMAP2: {
      auto mapped = read_mapped(reader);
      if (!mapped) return std::nullopt;
      pid = mapped->pid;
      record.what = std::move(*mapped);
      break;
    }
    case PERF_RECORD_CGROUP: {
      CgroupMade made;
      made.id = reader.take<std::uint64_t>();
      made.path = reader.take_text();
      record.what = std::move(made);
      break;
    }
    case PERF_RECORD_LOST: {
      reader.take<std::uint64_t>();  // id of the event
      record.what = Lost{reader.take<std::uint64_t>()};
      break;
    }
    default:
      return std::nullopt;
  }
  if (!reader.is_good() || !is_pid(pid)) return std::nullopt;
  return record;
}

}  // namespace sdt::proc
