#include "plan/select.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/overloaded.h"

namespace sdt::plan {
namespace {

using spec::Source;

using ArgumentSet = std::set<std::uint8_t>;

void add_arguments(const spec::IntExpr& expr, Source source, ArgumentSet& to) {
  for (const std::uint8_t index : spec::arguments_of(expr, source)) to.insert(index);
}

void add_arguments(const spec::ReadString& string, Source source, ArgumentSet& to) {
  add_arguments(string.address, source, to);
  if (string.length) add_arguments(*string.length, source, to);
}

/// The arguments (of `source`) that value, where and labels read.
ArgumentSet arguments_of_event(const spec::Metric& metric, Source source) {
  ArgumentSet found;
  const auto add = Overloaded{
      [&](const spec::IntExpr& expr) { add_arguments(expr, source, found); },
      [&](const spec::ReadString& string) { add_arguments(string, source, found); },
      [](const spec::Attribute&) {},
      [](const spec::Literal&) {},
  };
  add(metric.value);
  for (const spec::Label& label : metric.labels) std::visit(add, label.value);
  for (const spec::Condition& condition : metric.where) {
    if (const auto* integers = std::get_if<spec::IntCondition>(&condition)) {
      add(integers->left);
      add(integers->right);
    } else {
      std::visit(add, std::get<spec::StringCondition>(condition).left);
    }
  }
  return found;
}

ArgumentSet arguments_of_role(const spec::Metric& metric, Role role) {
  const auto* interval = std::get_if<spec::Interval>(&metric.source);
  if (role == role_start) {
    ArgumentSet found = arguments_of_event(metric, Source::start_argument);
    if (interval != nullptr && !interval->thread_keyed) {
      add_arguments(interval->start_key, Source::argument, found);
    }
    return found;
  }
  ArgumentSet found = arguments_of_event(metric, Source::argument);
  if (interval != nullptr && !interval->thread_keyed) {
    add_arguments(interval->end_key, Source::argument, found);
  }
  return found;
}

/// Why a site cannot deliver an argument; nullopt when it can.
std::optional<std::string> obstacle(const SelectedSite& site, std::uint8_t index) {
  const std::string name = fmt::format("{}:{}", site.probe.provider, site.probe.name);
  if (index >= site.arguments.size()) {
    return fmt::format("{} has {} argument{} and no arg{}", name, site.arguments.size(),
                       site.arguments.size() == 1 ? "" : "s", index);
  }
  const elf::Argument& argument = site.arguments[index];
  if (argument.kind == elf::Argument::Kind::unavailable) {
    return fmt::format("arg{} of {} at {:#x} is declared as {}: {}", index, name, site.offset,
                       argument.text, argument.reason);
  }
  return std::nullopt;
}

/// `where: probe == "…"` chooses among sites, not among events.
bool site_passes(const spec::Metric& metric, const ProbeName& probe) {
  return std::all_of(
      metric.where.begin(), metric.where.end(), [&](const spec::Condition& condition) {
        const auto* strings = std::get_if<spec::StringCondition>(&condition);
        const auto* attribute =
            strings == nullptr ? nullptr : std::get_if<spec::Attribute>(&strings->left);
        if (attribute == nullptr) return true;
        if (*attribute != spec::Attribute::probe && *attribute != spec::Attribute::provider)
          return true;
        const std::string& text =
            *attribute == spec::Attribute::probe ? probe.name : probe.provider;
        return (text == strings->right) == (strings->compare == spec::Compare::eq);
      });
}

bool is_refused(elf::Hazard hazard, SitePolicy policy) {
  return hazard != elf::Hazard::none &&
         !(hazard == elf::Hazard::five_byte_nop && policy.five_byte_nops);
}

std::uint8_t roles_of(const spec::Metric& metric, const ProbeName& probe) {
  const auto role_if = [&](const spec::ProbePattern& pattern, Role role) -> unsigned {
    return pattern.matches(probe.provider, probe.name) ? unsigned{role} : 0U;
  };
  const unsigned roles = std::visit(
      Overloaded{
          [&](const spec::SingleProbe& single) { return role_if(single.probe, role_event); },
          [&](const spec::Interval& pair) {
            return role_if(pair.start, role_start) | role_if(pair.end, role_end);
          },
          [&](const spec::UpDown& pair) {
            return role_if(pair.inc, role_inc) | role_if(pair.dec, role_dec);
          },
      },
      metric.source);
  const unsigned refused = site_passes(metric, probe) ? 0U : ~static_cast<unsigned>(role_start);
  return static_cast<std::uint8_t>(roles & ~refused);
}

/// Checks one role's arguments over its sites: an error when no site can deliver one, a warning for
/// each that cannot.
Status check_role(const spec::Metric& metric, Role role, Selection& selection) {
  for (const std::uint8_t index : arguments_of_role(metric, role)) {
    std::size_t able = 0;
    std::vector<std::string> obstacles;
    for (const SelectedSite& site : selection.sites) {
      if ((site.roles & role) == 0) continue;
      if (auto why = obstacle(site, index)) {
        obstacles.push_back(std::move(*why));
      } else {
        ++able;
      }
    }
    if (able == 0 && !obstacles.empty()) return fail(Errc::invalid, obstacles.front());
    selection.warnings.insert(selection.warnings.end(), obstacles.begin(), obstacles.end());
  }
  return {};
}

}  // namespace

std::uint8_t needed_roles(const spec::Metric& metric) {
  return std::visit(Overloaded{
                        [](const spec::SingleProbe&) -> std::uint8_t { return role_event; },
                        [](const spec::Interval&) -> std::uint8_t { return role_start | role_end; },
                        [](const spec::UpDown&) -> std::uint8_t { return role_inc | role_dec; },
                    },
                    metric.source);
}

std::string probes_text(const spec::Metric& metric) {
  return std::visit(
      Overloaded{
          [](const spec::SingleProbe& single) { return single.probe.text(); },
          [](const spec::Interval& pair) { return pair.start.text() + " and " + pair.end.text(); },
          [](const spec::UpDown& pair) { return pair.inc.text() + " and " + pair.dec.text(); },
      },
      metric.source);
}

Result<Selection> select_sites(const spec::Metric& metric, const elf::ProbeFile& file,
                               SitePolicy policy) {
  Selection selection;
  // A site listed twice must not be attached twice: its events would count twice.
  std::set<std::pair<std::uint64_t, ProbeName>> seen;
  for (const elf::Site& site : file.sites) {
    ProbeName probe{site.provider, site.name};
    const std::uint8_t roles = roles_of(metric, probe);
    if (roles == 0 || !seen.emplace(site.offset, probe).second) continue;
    if (is_refused(site.hazard, policy)) {
      selection.refused.push_back(fmt::format("{}:{} at {:#x} is {}", probe.provider, probe.name,
                                              site.offset, elf::explain(site.hazard)));
      continue;
    }
    selection.roles |= roles;
    selection.sites.push_back(
        {std::move(probe), roles, site.offset, site.semaphore_offset, site.arguments});
  }
  for (const elf::SkippedNote& note : file.skipped) {
    if (note.provider.empty() || roles_of(metric, {note.provider, note.name}) == 0) continue;
    selection.refused.push_back(note.reason);
  }
  if (selection.sites.empty() && !selection.refused.empty()) {
    return fail(Errc::unsupported, selection.refused.front());
  }
  for (const Role role : {role_event, role_start, role_end, role_inc, role_dec}) {
    if (auto checked = check_role(metric, role, selection); !checked) {
      return tl::unexpected(std::move(checked).error());
    }
  }
  return selection;
}

}  // namespace sdt::plan
