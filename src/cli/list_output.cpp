#include "cli/list_output.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/printable.h"
#include "cli/table.h"

namespace sdt::cli {
namespace {

using elf::Argument;
using elf::Site;
using Json = nlohmann::ordered_json;

bool is_same_probe(const Site& a, const Site& b) {
  return a.provider == b.provider && a.name == b.name;
}

std::size_t count_probes(const std::vector<Site>& sites) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    if (i == 0 || !is_same_probe(sites[i - 1], sites[i])) ++count;
  }
  return count;
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::vector<Cell> row_of(const Site& site) {
  std::string arguments;
  for (const Argument& argument : site.arguments) {
    if (!arguments.empty()) arguments += ' ';
    arguments += printable(argument.text);
  }
  return {{printable(site.provider + ":" + site.name), Paint::cyan},
          {fmt::format("{:#x}", site.address)},
          {fmt::format("{:#x}", site.offset)},
          {site.semaphore_offset == 0 ? "-" : fmt::format("{:#x}", site.semaphore_offset)},
          {arguments.empty() ? "-" : std::move(arguments)}};
}

void add_notes(std::string& text, const Site& site, const Style& style) {
  if (site.hazard != elf::Hazard::none) {
    const std::string what = fmt::format("hazard: the place is {}", elf::explain(site.hazard));
    text += fmt::format("      {}\n", style.paint(what, Paint::red));
  }
  for (std::size_t n = 0; n < site.arguments.size(); ++n) {
    const Argument& argument = site.arguments[n];
    if (argument.kind != Argument::Kind::unavailable) continue;
    const std::string what = fmt::format("arg{} {} is unavailable: {}", n, printable(argument.text),
                                         printable(argument.reason));
    text += fmt::format("      {}\n", style.paint(what, Paint::yellow));
  }
}

/// Written line by line: a file that was made to do harm has a million of them.
void add_file(std::string& text, const ListedFile& file, const Style& style) {
  const auto& [sites, skipped, build_id] = file.probes;
  text += fmt::format("{}  ({} at {}{})\n", style.paint(printable(file.path), Paint::bold),
                      counted(count_probes(sites), "probe"), counted(sites.size(), "site"),
                      build_id.empty() ? "" : ", build id " + build_id);
  Table table({Align::left, Align::left, Align::left, Align::left, Align::left}, 2, 2);
  table.row({{"PROBE", Paint::dim},
             {"ADDRESS", Paint::dim},
             {"OFFSET", Paint::dim},
             {"SEMAPHORE", Paint::dim},
             {"ARGUMENTS", Paint::dim}});
  for (const Site& site : sites) table.row(row_of(site));
  for (std::size_t n = 0; n < table.size() && !sites.empty(); ++n) {
    table.append(n, text, style);
    text += '\n';
    if (n > 0) add_notes(text, sites[n - 1], style);
  }
  for (const elf::SkippedNote& note : skipped) {
    const std::string what = fmt::format("skipped the note at {:#x} of its section: {}",
                                         note.offset, printable(note.reason));
    text += fmt::format("  {}\n", style.paint(what, Paint::yellow));
  }
}

std::string_view to_string(Argument::Kind kind) {
  switch (kind) {
    case Argument::Kind::unavailable:
      return "unavailable";
    case Argument::Kind::constant:
      return "constant";
    case Argument::Kind::in_register:
      return "register";
    case Argument::Kind::in_memory:
      return "memory";
  }
  return "unavailable";
}

Json to_json(const Site& site) {
  Json arguments = Json::array();
  for (const Argument& argument : site.arguments) {
    Json entry{{"text", argument.text},
               {"size", argument.size},
               {"signed", argument.is_signed},
               {"float", argument.is_float},
               {"kind", to_string(argument.kind)}};
    if (argument.kind == Argument::Kind::unavailable) entry["reason"] = argument.reason;
    arguments.push_back(std::move(entry));
  }
  Json entry{{"address", site.address},
             {"offset", site.offset},
             {"semaphore_offset", site.semaphore_offset},
             {"arguments", std::move(arguments)}};
  if (site.hazard != elf::Hazard::none) entry["hazard"] = elf::to_string(site.hazard);
  return entry;
}

Json to_json(const ListedFile& file) {
  Json skipped = Json::array();
  for (const elf::SkippedNote& note : file.probes.skipped) {
    skipped.push_back({{"offset", note.offset}, {"reason", note.reason}});
  }
  Json probes = Json::array();
  const Site* previous = nullptr;
  for (const Site& site : file.probes.sites) {
    if (previous == nullptr || !is_same_probe(*previous, site)) {
      probes.push_back(
          {{"provider", site.provider}, {"name", site.name}, {"sites", Json::array()}});
    }
    probes.back()["sites"].push_back(to_json(site));
    previous = &site;
  }
  return {{"path", file.path},
          {"build_id", file.probes.build_id},
          {"skipped", std::move(skipped)},
          {"probes", std::move(probes)}};
}

}  // namespace

std::string list_as_text(const std::vector<ListedFile>& files, const Style& style) {
  std::string text;
  for (const ListedFile& file : files) {
    if (!text.empty()) text += '\n';
    add_file(text, file, style);
  }
  return text;
}

std::string list_as_json(const std::vector<ListedFile>& files) {
  Json list = Json::array();
  for (const ListedFile& file : files) list.push_back(to_json(file));
  const Json document{{"files", std::move(list)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sdt::cli
