#include "cli/check.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/supervisor.h"
#include "elf/mapped_file.h"
#include "elf/probes.h"
#include "expose/web_config_file.h"
#include "kernel/canary.h"
#include "kernel/features.h"
#include "kernel/program_config.h"
#include "plan/match.h"
#include "plan/select.h"
#include "proc/procfs.h"
#include "spec/load.h"

namespace sdt::cli {
namespace {

/// A file with probes, as one target's processes map it.
struct File {
  std::string path;
  elf::ProbeFile probes;
};

struct Resolved {
  std::size_t processes = 0;
  std::map<proc::FileId, File> files;
  std::vector<std::string> problems;
};

Result<File> read_file(const proc::Procfs& procfs, std::uint32_t pid,
                       const proc::Mapping& mapping) {
  auto fd = procfs.open_mapping(pid, mapping);
  if (!fd) return tl::unexpected(std::move(fd).error());
  auto mapped = elf::MappedFile::of(fd->get(), mapping.path);
  if (!mapped) return tl::unexpected(std::move(mapped).error());
  auto probes = elf::read_probes(mapped->bytes());
  if (!probes) return tl::unexpected(std::move(probes).error());
  return File{mapping.path, std::move(*probes)};
}

Resolved resolve(const spec::Target& target, const proc::Procfs& procfs,
                 const std::vector<proc::Process>& processes) {
  Resolved resolved;
  std::set<proc::FileId> seen;
  for (const proc::Process& process : processes) {
    if (!plan::belongs(target, process)) continue;
    ++resolved.processes;
    const auto mappings = procfs.mapped_files(process.id.pid);
    if (!mappings) {
      resolved.problems.push_back(mappings.error().message);
      continue;
    }
    for (const proc::Mapping& mapping : *mappings) {
      if (target.file && !target.file->matches_path(mapping.path)) continue;
      if (!seen.insert(mapping.file).second) continue;
      auto file = read_file(procfs, process.id.pid, mapping);
      if (file) {
        const bool has_notes = !file->probes.sites.empty() || !file->probes.skipped.empty();
        if (has_notes) resolved.files.emplace(mapping.file, std::move(*file));
      } else if (file.error().code != Errc::unsupported && file.error().code != Errc::gone) {
        resolved.problems.push_back(file.error().message);
      }
    }
  }
  return resolved;
}

std::string arguments_text(const std::vector<elf::Argument>& arguments) {
  std::string text;
  for (std::size_t i = 0; i < arguments.size(); ++i)
    text += fmt::format(" arg{}={}", i, arguments[i].text);
  return text;
}

std::string roles_text(unsigned roles) {
  std::string text;
  for (const auto& [role, name] :
       {std::pair{plan::role_start, "start"}, std::pair{plan::role_end, "end"},
        std::pair{plan::role_inc, "inc"}, std::pair{plan::role_dec, "dec"}}) {
    if ((roles & role) != 0) text += fmt::format("{}{}", text.empty() ? " " : "+", name);
  }
  return text;
}

void print_sites(const plan::Selection& selection, const File& file) {
  fmt::print("      {}\n", file.path);
  for (const plan::SelectedSite& site : selection.sites) {
    const std::string semaphore =
        site.semaphore_offset == 0 ? "" : fmt::format(" semaphore {:#x}", site.semaphore_offset);
    fmt::print("        {}:{}{} at {:#x}{}{}\n", site.probe.provider, site.probe.name,
               roles_text(site.roles), site.offset, semaphore, arguments_text(site.arguments));
  }
  for (const std::string& refused : selection.refused)
    fmt::print("        hazard, not attached: {}\n", refused);
  for (const std::string& warning : selection.warnings)
    fmt::print("        events lost (fault): {}\n", warning);
}

bool has_five_byte_nops(const Resolved& resolved) {
  return std::ranges::any_of(resolved.files, [](const auto& file) {
    return std::ranges::any_of(file.second.probes.sites, [](const elf::Site& site) {
      return site.hazard == elf::Hazard::five_byte_nop;
    });
  });
}

/// As the daemon would decide. Who may not ask the kernel is told of the hazard.
plan::SitePolicy policy_of(const spec::Target& target, const Resolved& resolved) {
  if (target.allow_unsafe_sites) return {.five_byte_nops = true};
  if (!has_five_byte_nops(resolved)) return {};
  const auto features =
      kernel::detect_features(kernel::AttachChoice::automatic, kernel::PairChoice::automatic);
  if (!features) return {};
  return {.five_byte_nops = kernel::Canary(features->uprobe_multi).trial().five_byte_nops_are_safe};
}

/// Prints one metric; true when all of it would be attached.
bool print_metric(const spec::Metric& metric, const Resolved& resolved, plan::SitePolicy policy) {
  const auto config = kernel::configure(
      metric,
      {.possible_cpus = static_cast<std::size_t>(std::max(1L, sysconf(_SC_NPROCESSORS_CONF)))});
  const std::string memory =
      config ? fmt::format("{} KiB of maps",
                           kernel::map_bytes(*config, static_cast<std::size_t>(std::max(
                                                          1L, sysconf(_SC_NPROCESSORS_CONF)))) /
                               1024)
             : config.error().message;
  fmt::print("    {} ({})\n", metric.name, memory);
  unsigned roles = 0;
  bool refused = !config;
  for (const auto& [id, file] : resolved.files) {
    const auto selection = plan::select_sites(metric, file.probes, policy);
    if (!selection) {
      fmt::print("      {}\n        cannot attach: {}\n", file.path, selection.error().message);
      refused = true;
    } else if (!selection->sites.empty()) {
      roles |= selection->roles;
      print_sites(*selection, file);
    }
  }
  const unsigned needed = plan::needed_roles(metric);
  if ((roles & needed) == needed) return !refused;
  if (!refused && resolved.processes > 0) {
    fmt::print("      not found: no file that the processes map has {}\n",
               plan::probes_text(metric));
  }
  return false;
}

/// Processes that cannot be looked at match no target; whether one of them should have, nobody can
/// tell: a note.
Result<std::vector<proc::Process>> read_processes(const proc::Procfs& procfs) {
  const auto pids = procfs.pids();
  if (!pids) return tl::unexpected(pids.error());
  std::vector<proc::Process> processes;
  std::size_t hidden = 0;
  std::string why;
  for (const std::uint32_t pid : *pids) {
    auto process = procfs.read(pid);
    if (process) {
      processes.push_back(std::move(*process));
    } else if (process.error().code == Errc::permission) {
      ++hidden;
      why = process.error().message;
    }
  }
  if (hidden > 0) {
    fmt::print(stderr, "note: {} process{} cannot be looked at and match no target: {}\n", hidden,
               hidden == 1 ? "" : "es", why);
  }
  return processes;
}

bool print_probes(const spec::Config& config) {
  const proc::Procfs procfs;
  const auto processes = read_processes(procfs);
  if (!processes) {
    fmt::print(stderr, "{}\n", processes.error().message);
    return false;
  }
  bool complete = true;
  for (const spec::Target& target : config.targets) {
    const Resolved resolved = resolve(target, procfs, *processes);
    fmt::print("  target {}: {} process{}\n", target.name, resolved.processes,
               resolved.processes == 1 ? "" : "es");
    for (const std::string& problem : resolved.problems) {
      fmt::print(stderr, "{}\n", problem);
      complete = false;
    }
    const plan::SitePolicy policy = policy_of(target, resolved);
    for (const spec::Metric& metric : target.metrics)
      complete = print_metric(metric, resolved, policy) && complete;
  }
  return complete;
}

}  // namespace

int run_check(const CheckOptions& options) {
  const spec::LoadResult loaded = spec::load_files(options.config_files);
  std::size_t errors = 0;
  std::size_t metrics = 0;
  std::vector<spec::Diagnostic> diagnostics = loaded.diagnostics;
  if (!options.web_config_file.empty()) {
    expose::WebConfigFile::Diagnostics web;
    static_cast<void>(expose::WebConfigFile::open(options.web_config_file, web));
    diagnostics.insert(diagnostics.end(), web.begin(), web.end());
  }
  for (const spec::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity == spec::Severity::error) ++errors;
    fmt::print(stderr, "{}\n", diagnostic.text());
  }
  if (errors > 0) {
    fmt::print(stderr, "{} error{}\n", errors, errors == 1 ? "" : "s");
    return daemon::exit_bad_config;
  }
  for (const spec::Target& target : loaded.config.targets) metrics += target.metrics.size();
  fmt::print("config ok: {} target{}, {} metric{}\n", loaded.config.targets.size(),
             loaded.config.targets.size() == 1 ? "" : "s", metrics, metrics == 1 ? "" : "s");
  if (!options.probes) return daemon::exit_ok;
  return print_probes(loaded.config) ? daemon::exit_ok : daemon::exit_failure;
}

}  // namespace sdt::cli
