#include "proc/cgroup.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <utility>
#include <vector>

#include "proc/words.h"

namespace sdt::proc {
namespace {

std::vector<std::string_view> components_of(std::string_view path) {
  std::vector<std::string_view> components;
  while (!path.empty()) {
    const std::string_view component = cut(path, '/');
    if (!component.empty()) components.push_back(component);
  }
  return components;
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return std::isxdigit(static_cast<unsigned char>(c)) != 0 &&
           std::isupper(static_cast<unsigned char>(c)) == 0;
  });
}

bool is_unit(std::string_view component) {
  constexpr std::array<std::string_view, 5> kinds{".service", ".scope", ".socket", ".mount",
                                                  ".swap"};
  return std::ranges::any_of(kinds, [&](std::string_view kind) {
    return component.size() > kind.size() && component.ends_with(kind);
  });
}

/// The id in a component that stands for a container; empty in others.
std::string_view container_in(std::string_view component) {
  constexpr std::size_t id_size = 64;
  constexpr std::string_view scope = ".scope";
  if (component.ends_with(scope)) component.remove_suffix(scope.size());
  if (component.size() < id_size) return {};
  const std::string_view id = component.substr(component.size() - id_size);
  std::string_view prefix = component.substr(0, component.size() - id_size);
  if (!is_hex(id)) return {};
  if (prefix.empty()) return id;
  if (!prefix.ends_with('-') && !prefix.ends_with(':')) return {};
  prefix.remove_suffix(1);
  return prefix.find("conmon") == std::string_view::npos ? id : std::string_view();
}

bool is_of_a_monitor(std::string_view component) {
  return component.find("conmon") != std::string_view::npos;
}

/// The uid in a component that stands for a pod; empty in others. A uid is a UUID, or 32 hex digits
/// where the kubelet made the pod from a file.
std::string pod_uid_in(std::string_view component) {
  component = component.substr(0, component.find(':'));
  constexpr std::string_view slice = ".slice";
  const bool by_systemd = component.ends_with(slice);
  if (by_systemd) component.remove_suffix(slice.size());
  const std::size_t at = component.rfind("pod");
  // "kubepods" itself, and "kubepods-besteffort", have no uid behind the word.
  if (at == std::string_view::npos || (at > 0 && !by_systemd)) return {};
  if (at > 0 && component[at - 1] != '-') return {};
  std::string uid(component.substr(at + 3));
  if (by_systemd) std::ranges::replace(uid, '_', '-');
  constexpr std::size_t uuid_size = 36;
  constexpr std::size_t hash_size = 32;
  std::string digits = uid;
  std::erase(digits, '-');
  const bool has_form = uid.size() == uuid_size || uid.size() == hash_size;
  return has_form && digits.size() == hash_size && is_hex(digits) ? uid : std::string();
}

}  // namespace

std::string parse_cgroup(std::string_view text) {
  std::string_view unified;
  std::string_view named;
  std::string_view longest;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    const std::string_view hierarchy = cut(line, ':');
    const std::string_view controllers = cut(line, ':');
    if (hierarchy == "0" && controllers.empty()) {
      unified = line;
    } else if (controllers == "name=systemd") {
      named = line;
    }
    if (line.size() > longest.size()) longest = line;
  }
  for (const std::string_view path : {unified, named}) {
    if (path.size() > 1) return std::string(path);
  }
  return std::string(longest);
}

Placement placement_of(std::string path) {
  Placement placement;
  bool is_monitor = false;
  for (const std::string_view component : components_of(path)) {
    is_monitor |= is_of_a_monitor(component);
    if (is_unit(component)) {
      placement.unit = component.starts_with('_') ? component.substr(1) : component;
    }
    if (const std::string_view id = container_in(component); !id.empty()) placement.container = id;
    if (std::string uid = pod_uid_in(component); !uid.empty()) placement.pod_uid = std::move(uid);
  }
  if (is_monitor) placement.container.clear();
  placement.cgroup = std::move(path);
  return placement;
}

}  // namespace sdt::proc
