// Parser of perf_event_open(2)'s records.
//
// Purpose:   bytes of a ring in, values out. Layouts: linux/perf_event.h, enum perf_event_type.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "proc/record.h"

namespace sdt::proc {

/// One record, header included, of an event that was opened with sample_id_all and
/// PERF_SAMPLE_TIME alone: every record ends in its time. nullopt for kinds that do not matter here
/// (mappings that are not executable or of no file, processes outside this pid namespace) and for
/// records that are shorter than their kind must be.
[[nodiscard]] std::optional<Record> parse_record(std::span<const std::byte> bytes);

}  // namespace sdt::proc
