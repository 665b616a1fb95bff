#include "proc/pods.h"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace sdt::proc {
namespace {

namespace fs = std::filesystem;

/// More than a node runs at one time (110 by default): pods that went make room.
constexpr std::size_t most_remembered = 4096;

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  return names;
}

}  // namespace

void Pods::name(Placement& placement) {
  if (placement.pod_uid.empty()) return;
  const Pod* pod = find(placement.pod_uid);
  if (pod == nullptr) return;
  placement.pod = pod->name;
  placement.pod_namespace = pod->name_space;
  if (placement.container.empty()) return;
  const auto known = containers_.find(placement.container);
  if (known != containers_.end()) {
    placement.container_name = known->second;
    return;
  }
  placement.container_name = container_of(*pod, placement.container);
  if (placement.container_name.empty()) return;  // its log may still be made
  if (containers_.size() >= most_remembered) containers_.clear();
  containers_.emplace(placement.container, placement.container_name);
}

const Pods::Pod* Pods::find(const std::string& uid) {
  if (const auto known = pods_.find(uid); known != pods_.end()) return &known->second;
  for (std::string& directory : names_in(fs::path(logs_) / "pods")) {
    // Neither a namespace's nor a pod's name has an underscore.
    const std::size_t first = directory.find('_');
    const std::size_t last = directory.rfind('_');
    if (first == last || std::string_view(directory).substr(last + 1) != uid) continue;
    if (pods_.size() >= most_remembered) pods_.clear();
    Pod pod{directory.substr(first + 1, last - first - 1), directory.substr(0, first), {}};
    pod.directory = std::move(directory);
    return &pods_.emplace(uid, std::move(pod)).first->second;
  }
  return nullptr;
}

/// The links beside the pods' directories name the id. Without them a pod of one container leaves
/// no choice.
std::string Pods::container_of(const Pod& pod, const std::string& container) const {
  const std::string prefix = pod.name + "_" + pod.name_space + "_";
  const std::string suffix = "-" + container + ".log";
  for (const std::string& link : names_in(fs::path(logs_) / "containers")) {
    if (link.size() <= prefix.size() + suffix.size()) continue;
    if (!link.starts_with(prefix) || !link.ends_with(suffix)) continue;
    return link.substr(prefix.size(), link.size() - prefix.size() - suffix.size());
  }
  const auto names = names_in(fs::path(logs_) / "pods" / pod.directory);
  return names.size() == 1 ? names.front() : std::string();
}

}  // namespace sdt::proc
