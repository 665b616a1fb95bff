#include "cli/check.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/check_output.h"
#include "cli/printable.h"
#include "cli/progress.h"
#include "cli/style.h"
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
  Progress progress("processes for target " + target.name);
  std::set<proc::FileId> seen;
  std::size_t looked_at = 0;
  for (const proc::Process& process : processes) {
    progress.at(looked_at++, processes.size());
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

/// How a metric would fare.
CheckedMetric check_metric(const spec::Metric& metric, const Resolved& resolved,
                           plan::SitePolicy policy) {
  CheckedMetric checked;
  checked.name = metric.name;
  const auto cpus = static_cast<std::size_t>(std::max(1L, sysconf(_SC_NPROCESSORS_CONF)));
  const auto config = kernel::configure(metric, {.possible_cpus = cpus});
  if (config) {
    checked.map_bytes = kernel::map_bytes(*config, cpus);
  } else {
    checked.problem = config.error().message;
  }
  unsigned roles = 0;
  for (const auto& [id, file] : resolved.files) {
    auto selection = plan::select_sites(metric, file.probes, policy);
    if (!selection) {
      checked.files.push_back({file.path, {}, selection.error().message});
      if (checked.problem.empty()) checked.problem = "a file cannot be attached to";
    } else if (!selection->sites.empty()) {
      roles |= selection->roles;
      checked.files.push_back({file.path, std::move(*selection), ""});
    }
  }
  const unsigned needed = plan::needed_roles(metric);
  if ((roles & needed) == needed || !checked.problem.empty()) return checked;
  checked.waits_for_process = resolved.processes == 0;
  checked.problem = fmt::format("no file that the processes map has {}", plan::probes_text(metric));
  return checked;
}

/// Processes that cannot be looked at match no target; whether one of them should have, nobody can
/// tell: a note.
Result<std::vector<proc::Process>> read_processes(const proc::Procfs& procfs) {
  const auto pids = procfs.pids();
  if (!pids) return tl::unexpected(pids.error());
  std::vector<proc::Process> processes;
  Progress progress("processes");
  std::size_t looked_at = 0;
  std::size_t hidden = 0;
  std::string why;
  for (const std::uint32_t pid : *pids) {
    progress.at(looked_at++, pids->size());
    auto process = procfs.read(pid);
    if (process) {
      processes.push_back(std::move(*process));
    } else if (process.error().code == Errc::permission) {
      ++hidden;
      why = process.error().message;
    }
  }
  progress.clear();
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
  std::vector<CheckedTarget> checked;
  std::vector<std::string> problems;
  for (const spec::Target& target : config.targets) {
    Resolved resolved = resolve(target, procfs, *processes);
    const plan::SitePolicy policy = policy_of(target, resolved);
    CheckedTarget& one = checked.emplace_back();
    one.name = target.name;
    one.processes = resolved.processes;
    for (const spec::Metric& metric : target.metrics) {
      one.metrics.push_back(check_metric(metric, resolved, policy));
    }
    std::ranges::move(resolved.problems, std::back_inserter(problems));
  }
  fmt::print("{}", check_as_text(checked, style_of(STDOUT_FILENO)));
  std::fflush(stdout);
  for (const std::string& problem : problems) fmt::print(stderr, "{}\n", printable(problem));
  return problems.empty() && std::ranges::all_of(checked, [](const CheckedTarget& target) {
           return std::ranges::all_of(target.metrics, &std::string::empty, &CheckedMetric::problem);
         });
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
