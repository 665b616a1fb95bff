#include "elf/unwind_index.h"

#include <elf.h>

#include <array>
#include <cstddef>

namespace sdt::elf {
namespace {

// Linux Standard Base, core, 10.6.2: version, encoding of the pointer to .eh_frame, of the count
// and of the table. GNU ld, gold, lld and mold write these: DW_EH_PE_pcrel | sdata4, udata4,
// datarel | sdata4.
constexpr std::array<std::uint8_t, 4> expected_beginning{1, 0x1b, 0x03, 0x3b};
constexpr std::uint64_t count_at = 8;
constexpr std::uint64_t entries_at = 12;

struct Entry {
  std::int32_t begin;
  std::int32_t description;
};

/// The beginning of a frame description entry in .eh_frame.
struct Description {
  std::uint32_t length;  ///< of what follows
  std::uint32_t common;  ///< where its common information is; 0: this is such one itself
  std::int32_t begin;    ///< relative to its own address
  std::uint32_t size;
};

std::uint64_t moved(std::uint64_t address, std::int32_t by) {
  return address + static_cast<std::uint64_t>(static_cast<std::int64_t>(by));
}

}  // namespace

UnwindIndex::UnwindIndex(const ByteView& file, const Headers& headers)
    : file_(file), headers_(headers) {
  if (!headers.unwind_index) return;
  const Segment& segment = *headers.unwind_index;
  const auto table = file.slice(segment.offset, segment.file_size);
  if (!table || table->read<std::array<std::uint8_t, 4>>(0) != expected_beginning) return;
  const auto count = table->read<std::uint32_t>(count_at);
  if (!count || table->size() < entries_at) return;
  const auto entries = table->slice(entries_at, *count * sizeof(Entry));
  if (!entries) return;
  address_ = segment.address;
  entries_ = *entries;
  count_ = *count;
}

std::uint64_t UnwindIndex::begin_of(std::uint64_t entry) const {
  return moved(address_, entries_.read<Entry>(entry * sizeof(Entry))->begin);
}

std::optional<Function> UnwindIndex::function_at(std::uint64_t address) const {
  // The last one that begins at or before the address, if the table is sorted as it should be.
  std::uint64_t low = 0;
  std::uint64_t high = count_;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (begin_of(middle) <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return std::nullopt;
  const auto function = read_description(low - 1);
  const bool contains = function && function->begin <= address && address < function->end;
  return contains ? function : std::nullopt;
}

/// How the description writes its addresses stands elsewhere; that it agrees with the table about
/// the beginning shows that it is the usual way.
std::optional<Function> UnwindIndex::read_description(std::uint64_t entry) const {
  const std::uint64_t address =
      moved(address_, entries_.read<Entry>(entry * sizeof(Entry))->description);
  const auto offset = headers_.file_offset(address, sizeof(Description), PF_R);
  const auto description = offset ? file_.read<Description>(*offset) : std::nullopt;
  if (!description || description->length < sizeof(Description) - sizeof(std::uint32_t) ||
      description->common == 0) {
    return std::nullopt;
  }
  const std::uint64_t begin = begin_of(entry);
  if (moved(address + offsetof(Description, begin), description->begin) != begin) {
    return std::nullopt;
  }
  if (begin + description->size < begin) return std::nullopt;
  return Function{begin, begin + description->size};
}

}  // namespace sdt::elf
