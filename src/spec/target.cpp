#include <array>
#include <limits>

#include <fmt/format.h>

#include "spec/draft.h"
#include "spec/names.h"
#include "spec/reader.h"
#include "spec/units.h"
#include "spec/words.h"

namespace sdt::spec {
namespace {

constexpr std::array<std::string_view, 6> target_keys = {"name",   "processes",          "file",
                                                         "budget", "allow_unsafe_sites", "metrics"};
constexpr std::array<std::string_view, 11> process_keys = {
    "exe",  "comm",      "cmdline", "pid",       "user",          "cgroup",
    "unit", "container", "pod",     "namespace", "container_name"};

constexpr std::int64_t largest_pid = 4'194'304;  // PID_MAX_LIMIT of 64-bit kernels
constexpr std::int64_t largest_uid = std::numeric_limits<std::uint32_t>::max() - 1;

std::optional<Glob> read_glob(const Node& node, std::string_view key, Report& report) {
  auto text = read_name(node, key, report);
  if (!text) return std::nullopt;
  return Glob(*std::move(text));
}

std::optional<Glob> read_path_glob(const Node& node, std::string_view key, Report& report) {
  auto glob = read_glob(node, key, report);
  if (glob && glob->text().find('/') != std::string::npos &&
      std::string_view("/*?[\\").find(glob->text()[0]) == std::string_view::npos) {
    report.warning(node.at, fmt::format("{}: {} matches nothing, because paths start with /; a "
                                        "name without any / matches in every directory",
                                        key, in_quotes(glob->text())));
  }
  return glob;
}

std::optional<Glob> read_cgroup_glob(const Node& node, Report& report) {
  auto glob = read_glob(node, "cgroup", report);
  if (glob && std::string_view("/*?[\\").find(glob->text()[0]) == std::string_view::npos) {
    report.warning(node.at, fmt::format("cgroup: {} matches nothing, because paths start with /; "
                                        "\"*{}*\" matches it anywhere",
                                        in_quotes(glob->text()), glob->text()));
  }
  return glob;
}

std::optional<Glob> read_comm_glob(const Node& node, Report& report) {
  auto glob = read_glob(node, "comm", report);
  constexpr std::size_t longest_comm = 15;  // TASK_COMM_LEN of the kernel, without the NUL
  if (glob && glob->is_literal() && glob->text().size() > longest_comm) {
    report.warning(node.at, fmt::format("comm: the kernel cuts names to {} bytes, so {} matches "
                                        "nothing; write {}",
                                        longest_comm, in_quotes(glob->text()),
                                        in_quotes(glob->text().substr(0, longest_comm))));
  }
  return glob;
}

std::optional<Regex> read_regex(const Node& node, std::string_view key, Report& report) {
  const auto text = read_name(node, key, report);
  if (!text) return std::nullopt;
  auto regex = Regex::compile(*text);
  if (regex) return *std::move(regex);
  report.error(node.at, fmt::format("{}: {} is not a regular expression (RE2 syntax): {}", key,
                                    in_quotes(*text), regex.error()));
  return std::nullopt;
}

std::optional<std::variant<std::uint32_t, std::string>> read_user(const Node& node,
                                                                  Report& report) {
  const auto text = read_name(node, "user", report);
  if (!text) return std::nullopt;
  if (text->find_first_not_of("0123456789") != std::string::npos) return *text;
  const std::int64_t uid = parse_count(*text, largest_uid);
  if (uid >= 0) return static_cast<std::uint32_t>(uid);
  report.error(node.at, fmt::format("user: {} is larger than any uid ({})", *text, largest_uid));
  return std::nullopt;
}

std::optional<ProcessSelector> read_selector(const Node& node, Report& report) {
  const std::size_t errors = report.errors();
  const MapReader map(node, "an entry of processes", process_keys, report);
  ProcessSelector selector;
  if (const Node* exe = map.find("exe")) selector.exe = read_path_glob(*exe, "exe", report);
  if (const Node* comm = map.find("comm")) selector.comm = read_comm_glob(*comm, report);
  if (const Node* cmdline = map.find("cmdline")) {
    selector.cmdline = read_regex(*cmdline, "cmdline", report);
  }
  if (const Node* pid = map.find("pid")) {
    const auto number = read_count(*pid, "pid", 1, largest_pid, report);
    if (number) selector.pid = static_cast<std::uint32_t>(*number);
  }
  if (const Node* user = map.find("user")) selector.user = read_user(*user, report);
  if (const Node* cgroup = map.find("cgroup")) {
    selector.cgroup = read_cgroup_glob(*cgroup, report);
  }
  for (const auto& [key, glob] :
       {std::pair{"unit", &selector.unit}, std::pair{"container", &selector.container},
        std::pair{"pod", &selector.pod}, std::pair{"namespace", &selector.pod_namespace},
        std::pair{"container_name", &selector.container_name}}) {
    if (const Node* value = map.find(key)) *glob = read_glob(*value, key, report);
  }
  if (map.valid() && node.entries.empty()) {
    report.error(node.at, fmt::format("an entry of processes needs at least one of {}; every "
                                      "process of the machine is exe: \"*\"",
                                      join(process_keys)));
  }
  if (report.errors() != errors) return std::nullopt;
  return selector;
}

std::vector<ProcessSelector> read_processes(const Node& node, Report& report) {
  std::vector<ProcessSelector> selectors;
  if (node.kind != Node::Kind::sequence || node.items.empty()) {
    report.error(node.at,
                 fmt::format("processes must be a list of at least one entry, such as "
                             "\"- exe: /usr/bin/program\", not {}",
                             node.kind == Node::Kind::sequence ? "an empty one" : kind_of(node)));
    return selectors;
  }
  for (const Node& item : node.items) {
    if (auto selector = read_selector(item, report)) selectors.push_back(*std::move(selector));
  }
  return selectors;
}

void read_target_name(const MapReader& map, TargetDraft& draft, Report& report) {
  const Node* node = map.require("name");
  if (node == nullptr) return;
  draft.at = node->at;
  const auto name = read_name(*node, "name", report);
  if (!name) return;
  if (is_identifier(*name)) {
    draft.target.name = *name;
    return;
  }
  report.error(node->at, fmt::format("{} is not a target name: letters, digits and _ only, and no "
                                     "digit first",
                                     in_quotes(*name)));
}

}  // namespace

TargetDraft read_target(const Node& node, Report& report) {
  TargetDraft draft;
  draft.at = node.at;
  const MapReader map(node, "a target", target_keys, report);
  read_target_name(map, draft, report);
  if (const Node* processes = map.require("processes")) {
    draft.target.processes = read_processes(*processes, report);
  }
  if (const Node* file = map.find("file")) {
    draft.target.file = read_path_glob(*file, "file", report);
  }
  if (const Node* allow = map.find("allow_unsafe_sites")) {
    constexpr std::array<std::string_view, 2> words = {"false", "true"};
    draft.target.allow_unsafe_sites = read_choice(*allow, "allow_unsafe_sites", words, report) == 1;
  }
  if (const Node* budget = map.find("budget")) draft.budget = read_budget(*budget, report);
  const Node* metrics = map.require("metrics");
  if (metrics == nullptr) return draft;
  if (metrics->kind != Node::Kind::sequence || metrics->items.empty()) {
    report.error(metrics->at, "metrics must be a list of at least one metric");
    return draft;
  }
  for (const Node& item : metrics->items) draft.metrics.push_back(read_metric(item, report));
  return draft;
}

}  // namespace sdt::spec
