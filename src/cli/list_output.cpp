#include "cli/list_output.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sdt::cli {
namespace {

using elf::Argument;
using elf::Site;
using Json = nlohmann::ordered_json;

std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c >= ' ' && c <= '~') {
      result += c;
    } else {
      fmt::format_to(std::back_inserter(result), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

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

/// The columns of a site's line.
using Row = std::array<std::string, 5>;

Row row_of(const Site& site) {
  std::string arguments;
  for (const Argument& argument : site.arguments) {
    if (!arguments.empty()) arguments += ' ';
    arguments += printable(argument.text);
  }
  return {printable(site.provider + ":" + site.name), fmt::format("{:#x}", site.address),
          fmt::format("{:#x}", site.offset),
          site.semaphore_offset == 0 ? "-" : fmt::format("{:#x}", site.semaphore_offset),
          arguments.empty() ? "-" : arguments};
}

void add_row(std::string& text, const Row& row, const std::array<std::size_t, 4>& widths) {
  text += ' ';
  for (std::size_t i = 0; i < widths.size(); ++i) text += fmt::format(" {:<{}}", row[i], widths[i]);
  text += fmt::format(" {}\n", row.back());
}

void add_file(std::string& text, const ListedFile& file) {
  const auto& [sites, skipped, build_id] = file.probes;
  text +=
      fmt::format("{}  ({} at {}{})\n", printable(file.path), counted(count_probes(sites), "probe"),
                  counted(sites.size(), "site"), build_id.empty() ? "" : ", build id " + build_id);
  std::vector<Row> rows{{"PROBE", "ADDRESS", "OFFSET", "SEMAPHORE", "ARGUMENTS"}};
  for (const Site& site : sites) rows.push_back(row_of(site));
  std::array<std::size_t, 4> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  if (!sites.empty()) add_row(text, rows.front(), widths);
  for (std::size_t i = 0; i < sites.size(); ++i) {
    add_row(text, rows[i + 1], widths);
    if (sites[i].hazard != elf::Hazard::none) {
      text += fmt::format("      hazard: the place is {}\n", elf::explain(sites[i].hazard));
    }
    for (std::size_t n = 0; n < sites[i].arguments.size(); ++n) {
      const Argument& argument = sites[i].arguments[n];
      if (argument.kind != Argument::Kind::unavailable) continue;
      text += fmt::format("      arg{} {} is unavailable: {}\n", n, printable(argument.text),
                          printable(argument.reason));
    }
  }
  for (const elf::SkippedNote& note : skipped) {
    text += fmt::format("  skipped the note at {:#x} of its section: {}\n", note.offset,
                        printable(note.reason));
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

std::string list_as_text(const std::vector<ListedFile>& files) {
  std::string text;
  for (const ListedFile& file : files) {
    if (!text.empty()) text += '\n';
    add_file(text, file);
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
