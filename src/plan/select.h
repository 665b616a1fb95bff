// Which sites of a file a metric wants, and whether they can deliver what it asks for.
//
// Purpose:   Metric × ProbeFile → sites with their roles; every reason why a metric cannot have
//            what it wants is found here, before the kernel is asked for anything.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/samples.h"
#include "elf/probes.h"
#include "spec/config.h"

namespace sdt::plan {

/// What a site's firing means to a metric; a site may be both start and end (the end then comes
/// first).
enum Role : std::uint8_t {
  role_event = 1,
  role_start = 2,
  role_end = 4,
  role_inc = 8,
  role_dec = 16,
};

struct SelectedSite {
  ProbeName probe;
  std::uint8_t roles = 0;
  std::uint64_t offset = 0;
  std::uint64_t semaphore_offset = 0;
  std::vector<elf::Argument> arguments;
};

struct Selection {
  std::vector<SelectedSite> sites;  ///< empty when the file has none of the metric's probes
  std::uint8_t roles = 0;           ///< of all sites together
  /// Sites that are left out because a uprobe there could harm the program, and notes of the
  /// metric's probes that lead to no site at all.
  std::vector<std::string> refused;
  /// Sites that will count their events as lost (reason fault), because an argument cannot be
  /// delivered there.
  std::vector<std::string> warnings;
};

/// Hazards that are taken all the same.
struct SitePolicy {
  /// The user asks for it, or the kernel is shown to do no harm there.
  bool five_byte_nops = false;
};

/// Errors: an argument that none of the matching sites has or can deliver (Errc::invalid), nothing
/// but sites that are refused (Errc::unsupported).
[[nodiscard]] Result<Selection> select_sites(const spec::Metric& metric, const elf::ProbeFile& file,
                                             SitePolicy policy = {});

/// The roles that must be attached somewhere for the metric to count at all.
[[nodiscard]] std::uint8_t needed_roles(const spec::Metric& metric);

/// What the metric's probes are called in messages: "postgresql:query__start and
/// postgresql:query__done".
[[nodiscard]] std::string probes_text(const spec::Metric& metric);

}  // namespace sdt::plan
