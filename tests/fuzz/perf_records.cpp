// Perf records, one after the other as a ring holds them, and what the process table makes of them.
#include <linux/perf_event.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "fuzz.h"
#include "proc/perf_record.h"
#include "proc/process_table.h"

namespace sdt::fuzz {
namespace {

std::vector<proc::Record> records_of(std::span<const std::byte> bytes) {
  std::vector<proc::Record> records;
  while (!bytes.empty()) {
    perf_event_header header{};
    std::size_t length = bytes.size();
    if (bytes.size() >= sizeof header) {
      std::memcpy(&header, bytes.data(), sizeof header);
      if (header.size > 0 && header.size < length) length = header.size;
    }
    if (auto record = proc::parse_record(bytes.first(length)))
      records.push_back(std::move(*record));
    bytes = bytes.subspan(length);
  }
  std::ranges::stable_sort(records, {}, &proc::Record::time);  // as the watcher does
  return records;
}

void check_running(const proc::ProcessTable& table) {
  for (const std::uint32_t pid : table.running()) {
    const proc::ImagePtr image = table.current(pid);
    must(image && !image->ended, "what runs has not ended");
    must(image->pid == pid && image->facts != nullptr, "what runs has facts");
    must(table.at(pid, image->began) == image, "what runs did so from its beginning");
  }
}

void apply(proc::ProcessTable& table, const proc::Record& record) {
  const auto change = table.apply(record);
  if (!change) return;
  must(change->image != nullptr && change->image->facts != nullptr, "a change is of an image");
  must(change->time == record.time, "a change has the time of its record");
  using Kind = proc::ProcessTable::Change::Kind;
  if (change->kind == Kind::left_main) table.end(change->image->pid, change->time);
}

}  // namespace
}  // namespace sdt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sdt;
  proc::ProcessTable table;
  const auto records = fuzz::records_of(fuzz::Input(data, size).bytes(size));
  for (const proc::Record& record : records) fuzz::apply(table, record);
  fuzz::check_running(table);
  if (!records.empty()) table.forget_ended_before(records.back().time);
  fuzz::check_running(table);
  return 0;
}
