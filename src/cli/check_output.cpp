#include "cli/check_output.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "cli/printable.h"
#include "cli/table.h"

namespace sdt::cli {
namespace {

std::string arguments_text(const std::vector<elf::Argument>& arguments) {
  std::string text;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    text += fmt::format("{}arg{}={}", i == 0 ? "" : " ", i, printable(arguments[i].text));
  }
  return text.empty() ? "-" : text;
}

std::string roles_text(unsigned roles) {
  std::string text;
  for (const auto& [role, name] :
       {std::pair{plan::role_start, "start"}, std::pair{plan::role_end, "end"},
        std::pair{plan::role_inc, "inc"}, std::pair{plan::role_dec, "dec"}}) {
    if ((roles & role) != 0) text += fmt::format("{}{}", text.empty() ? "" : "+", name);
  }
  return text.empty() ? "-" : text;
}

void add_sites(std::string& text, const plan::Selection& selection, const Style& style) {
  if (selection.sites.empty()) return;
  Table table({Align::left, Align::left, Align::left, Align::left, Align::left}, 6, 2);
  table.row({{"PROBE", Paint::dim},
             {"ROLE", Paint::dim},
             {"OFFSET", Paint::dim},
             {"SEMAPHORE", Paint::dim},
             {"ARGUMENTS", Paint::dim}});
  for (const plan::SelectedSite& site : selection.sites) {
    table.row({{printable(site.probe.provider + ":" + site.probe.name), Paint::cyan},
               {roles_text(site.roles)},
               {fmt::format("{:#x}", site.offset)},
               {site.semaphore_offset == 0 ? "-" : fmt::format("{:#x}", site.semaphore_offset)},
               {arguments_text(site.arguments)}});
  }
  for (const std::string& line : table.lines(style)) text += line + '\n';
}

void add_file(std::string& text, const CheckedFile& file, const Style& style) {
  text += fmt::format("    {}\n", printable(file.path));
  const auto add = [&](std::string_view what, std::string_view why, Paint paint) {
    text +=
        fmt::format("      {}\n", style.paint(fmt::format("{}: {}", what, printable(why)), paint));
  };
  add_sites(text, file.selection, style);
  if (!file.problem.empty()) add("cannot attach", file.problem, Paint::red);
  for (const std::string& why : file.selection.refused) {
    add("hazard, not attached", why, Paint::red);
  }
  for (const std::string& why : file.selection.warnings) {
    add("events lost (fault)", why, Paint::yellow);
  }
}

std::string verdict(const CheckedMetric& metric, const Style& style) {
  if (metric.waits_for_process) return style.paint("waits for a process", Paint::yellow);
  if (!metric.problem.empty()) {
    return style.paint("not in full: " + printable(metric.problem), Paint::red);
  }
  return style.paint("ok", Paint::green);
}

}  // namespace

std::string check_as_text(const std::vector<CheckedTarget>& targets, const Style& style) {
  std::string text;
  std::size_t all = 0;
  std::size_t good = 0;
  for (const CheckedTarget& target : targets) {
    text += fmt::format("\n{}  {} process{}\n", style.paint(target.name, Paint::bold),
                        target.processes, target.processes == 1 ? "" : "es");
    for (const CheckedMetric& metric : target.metrics) {
      ++all;
      if (metric.problem.empty()) ++good;
      text +=
          fmt::format("  {}  {}", style.paint(metric.name, Paint::bold), verdict(metric, style));
      if (metric.map_bytes > 0) {
        text += style.paint(fmt::format("  {} KiB of maps", metric.map_bytes / 1024), Paint::dim);
      }
      text += '\n';
      for (const CheckedFile& file : metric.files) add_file(text, file, style);
    }
  }
  return text + fmt::format("\n{} of {} metrics would be attached in full\n", good, all);
}

}  // namespace sdt::cli
