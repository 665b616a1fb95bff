#include "plan/match.h"

#include <algorithm>

namespace sdt::plan {
namespace {

bool is_user(const std::variant<std::uint32_t, std::string>& user, const proc::Process& process) {
  if (const auto* uid = std::get_if<std::uint32_t>(&user)) return *uid == process.uid;
  return std::get<std::string>(user) == process.user;
}

bool holds(const std::optional<Glob>& pattern, const std::string& text) {
  return !pattern || pattern->matches(text);
}

bool asks_where(const spec::ProcessSelector& selector) {
  return selector.cgroup || selector.unit || selector.container || selector.pod ||
         selector.pod_namespace || selector.container_name;
}

/// The keys that the kernel's records of a process say nothing about.
bool asks_for_more(const spec::ProcessSelector& selector) {
  return selector.cmdline || selector.user || asks_where(selector);
}

}  // namespace

Match matches_program(const spec::Target& target, const proc::Process& process) {
  Match best = Match::no;
  for (const spec::ProcessSelector& selector : target.processes) {
    spec::ProcessSelector program;
    program.exe = selector.exe;
    program.comm = selector.comm;
    program.pid = selector.pid;
    if (!matches(program, process)) continue;
    if (!asks_for_more(selector)) return Match::yes;
    best = Match::depends;
  }
  return best;
}

bool matches(const spec::ProcessSelector& selector, const proc::Process& process) {
  return (!selector.exe || selector.exe->matches_path(process.exe)) &&
         (!selector.comm || selector.comm->matches(process.comm)) &&
         (!selector.cmdline || selector.cmdline->matches(process.cmdline)) &&
         (!selector.pid || *selector.pid == process.id.pid) &&
         (!selector.user || is_user(*selector.user, process)) &&
         holds(selector.cgroup, process.placement.cgroup) &&
         holds(selector.unit, process.placement.unit) &&
         holds(selector.container, process.placement.container) &&
         holds(selector.pod, process.placement.pod) &&
         holds(selector.pod_namespace, process.placement.pod_namespace) &&
         holds(selector.container_name, process.placement.container_name);
}

bool asks_for_arguments(const spec::Target& target) {
  return std::any_of(target.processes.begin(), target.processes.end(),
                     [](const spec::ProcessSelector& selector) { return !!selector.cmdline; });
}

bool selects_by_placement(const spec::Target& target) {
  return std::any_of(target.processes.begin(), target.processes.end(), asks_where);
}

bool asks_for_placement(const spec::Target& target) {
  return selects_by_placement(target) ||
         std::any_of(target.metrics.begin(), target.metrics.end(), spec::reads_placement);
}

bool asks_for_facts(const spec::Target& target) {
  return std::any_of(target.metrics.begin(), target.metrics.end(), spec::reads_process_facts);
}

bool belongs(const spec::Target& target, const proc::Process& process) {
  return std::any_of(target.processes.begin(), target.processes.end(),
                     [&](const auto& selector) { return matches(selector, process); });
}

}  // namespace sdt::plan
