// Raw samples: what one drain of one metric's BPF maps yields, still in the kernel's cumulative
// words.
//
// Purpose:   the value that crosses from kernel/ to metrics/ without either knowing the other.
// Ownership: plain values, flat vectors: 10,000 series are two allocations, not 20,000.
// Thread:    any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/int128.h"

namespace sdt {

/// What the 64-bit words of a cell mean. Counts and sums only ever grow, modulo 2^64: a reader
/// keeps the previous words and subtracts.
///
/// A sum is kept as two words, because 64 bits overflow after two events of UINT64_MAX: `low` adds
/// the low 32 bits of every value, `high` adds the value's remaining signed bits; sum = high * 2^32
/// + low.
enum class CellKind : std::uint8_t {
  count,      ///< [events]
  sum,        ///< [events, low, high]
  last,       ///< [events, value, 2 * time + unsigned]: `unsigned` is 1 when value is to be read as
              ///< uint64, else 0; `time` is when it was set, in ns of CLOCK_MONOTONIC
  histogram,  ///< [low, high, bucket 0 .. bucket N]: one bucket a bound and one above the last
              ///< bound; events = their sum
  min,  ///< [events from 0 on, events below 0, extreme from 0 on, extreme below 0]: each extreme is
        ///< the complement of the lowest value of its sign
  max,  ///< the same: each extreme is the highest value of its sign, as 64 bits
};

/// Floating-point values are kept in units of 2^-32. A metric that may have them has cells with
/// their fractions: one more word at the end, which adds up (of `last`: is) what comes on top of
/// whole values. Extremes have twice as many words: first the events, then the extremes of values
/// [from 0 on, below 0, from 2^31 on, below -2^31]; the former two in units of 2^-32, the latter
/// whole.
inline constexpr int fraction_bits = 32;

/// How many words of a cell, from the first on, are added up over the CPUs. Of the others the
/// largest counts: extremes are kept as numbers that only ever rise.
[[nodiscard]] constexpr std::size_t added_words(CellKind kind, std::size_t words_per_cell) {
  return kind == CellKind::min || kind == CellKind::max ? words_per_cell / 2 : words_per_cell;
}

struct ProbeName {
  std::string provider;
  std::string name;
  friend auto operator<=>(const ProbeName&, const ProbeName&) = default;
};

/// Where one label stands in a key.
struct KeyField {
  enum class Kind : std::uint8_t {
    integer,   ///< 8 bytes; negative when bit `sign_bit` of the key's sign mask is set, else
               ///< unsigned
    string,    ///< `size` bytes, padded with NUL
    probe,     ///< 8 bytes: an index into Samples::probes, shown as the probe's name
    provider,  ///< the same, shown as its provider
  };
  Kind kind = Kind::integer;
  std::uint16_t offset = 0;
  std::uint16_t size = 8;
  std::uint8_t sign_bit = 0;
};

/// One program in one process. The pid is the one that the daemon's /proc shows; `image` tells the
/// process from others that had its number, and the program from those that it ran before an exec.
struct ImageKey {
  std::uint32_t pid = 0;
  std::uint64_t image = 0;  ///< 0 where the kernel cannot tell
  friend auto operator<=>(const ImageKey&, const ImageKey&) = default;
};

/// A key starts with the image the event was recorded under (pid, 32 bits; sign mask of the integer
/// fields, 32 bits; image, 64 bits). Pid and image are 0 when the event was counted for an already
/// classified process and no label asks for the process.
struct KeyLayout {
  static constexpr std::size_t header_size = 16;
  std::vector<KeyField> fields;
  std::size_t size = header_size;
};

/// One label value as it was recorded.
using RawLabel = std::variant<Int128, std::string>;

/// Every cell of one metric at one moment, cumulative since its maps were made, summed over the
/// CPUs.
struct Samples {
  CellKind kind = CellKind::count;
  bool has_fraction = false;
  std::size_t words_per_cell = 1;
  KeyLayout layout;
  std::vector<std::byte> keys;       ///< count() * layout.size bytes
  std::vector<std::uint64_t> words;  ///< count() * words_per_cell
  std::vector<ProbeName>
      probes;  ///< what the probe and provider fields count in; only ever appended to

  /// Events of classified processes whose label set found no room in the map; empty or one cell.
  std::vector<std::uint64_t> other;

  [[nodiscard]] std::size_t count() const { return keys.size() / layout.size; }
  [[nodiscard]] std::span<const std::byte> key(std::size_t i) const {
    return std::span(keys).subspan(i * layout.size, layout.size);
  }
  [[nodiscard]] std::span<const std::uint64_t> cell(std::size_t i) const {
    return std::span(words).subspan(i * words_per_cell, words_per_cell);
  }
  /// The label values of a key, in the order of the layout's fields. A string ends before its
  /// trailing NULs.
  [[nodiscard]] std::vector<RawLabel> labels(std::size_t i) const;
};

/// Set in the sign mask of the one key for everything of an image that found no room under its own
/// labels before the image was classified: its labels all read `other`.
inline constexpr std::uint32_t spilled_bit = 1U << 31;
[[nodiscard]] bool is_spilled(std::span<const std::byte> key);

/// The image a key was recorded under; zeros: see KeyLayout.
[[nodiscard]] ImageKey image_of(std::span<const std::byte> key);

/// Why an event that fired is in no series. The numbers index the BPF side's counters.
enum class LossReason : std::uint8_t {
  map_full,        ///< No room for the key, not even in `other`.
  no_start,        ///< An end without its start.
  start_replaced,  ///< A start that another start overtook.
  start_expired,   ///< A start whose process ended first.
  fault,           ///< An argument or string could not be read.
  recursion,       ///< The kernel skipped the program because it was already running.
  unclassified,    ///< The process ended before it could be told whether it belongs to the target.
  out_of_range,    ///< A negative increment of a counter; a float that is no number of 64 bits.
};
inline constexpr std::size_t loss_reason_count = 8;
[[nodiscard]] std::string_view to_string(LossReason reason);

/// The counters beside the series, cumulative like the cells.
struct Tally {
  std::vector<std::uint64_t>
      hits;  ///< per probe, in the order of Samples::probes; known foreign processes apart
  std::uint64_t filtered = 0;  ///< events that `where` refused
  std::uint64_t foreign = 0;   ///< hits by processes known not to belong to the target
  std::uint64_t strings_cut = 0;
  std::uint64_t lost[loss_reason_count] = {};
  /// How long the BPF program ran, and how often, while somebody had the kernel measure it.
  std::uint64_t run_nanoseconds = 0;
  std::uint64_t runs = 0;
};

}  // namespace sdt
