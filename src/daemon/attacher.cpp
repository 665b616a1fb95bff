#include "daemon/attacher.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "plan/select.h"

namespace sdt::daemon {
namespace {

/// The patterns that name files of the host.
std::vector<const Glob*> absolute_patterns(const spec::Target& target) {
  std::vector<const Glob*> patterns;
  const auto add = [&](const std::optional<Glob>& glob) {
    if (glob && glob->text().starts_with('/')) patterns.push_back(&*glob);
  };
  if (target.file) {
    add(target.file);
  } else {
    for (const spec::ProcessSelector& selector : target.processes) add(selector.exe);
  }
  return patterns;
}

/// The spec has a pattern that this path is one of.
bool is_named(const spec::Target& target, const std::string& path) {
  return std::ranges::any_of(absolute_patterns(target),
                             [&](const Glob* glob) { return glob->matches_path(path); });
}

std::string directory_of(const std::string& path) {
  return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
}

}  // namespace

TargetState& Attacher::target_of(const plan::Binding& binding) {
  return *std::ranges::find(targets_, binding.target, &TargetState::number);
}

MetricState& Attacher::metric_of(const plan::Binding& binding) {
  return *std::ranges::find(target_of(binding).metrics, binding.metric, &MetricState::number);
}

plan::SitePolicy Attacher::policy_of(const TargetState& target) const {
  return {.five_byte_nops = target.target.allow_unsafe_sites || backend_.may_use_five_byte_nops()};
}

Result<Attacher::Opened> Attacher::open(std::uint32_t pid, const proc::Mapping& mapping) {
  auto fd = procfs_.open_mapping(pid, mapping);
  if (!fd && !mapping.deleted) {
    // The process may be gone already; its file need not be.
    auto hosted = open_on_host(mapping.path);
    if (hosted && hosted->file.inode == mapping.file.inode) return hosted;
  }
  if (!fd) return tl::unexpected(std::move(fd).error());
  auto file = catalog_.identify(fd->get());
  if (!file) return tl::unexpected(std::move(file).error());
  return Opened{std::move(*fd), *file};
}

Result<Attacher::Opened> Attacher::open_on_host(const std::string& path) {
  auto fd = host_.open(path);
  if (!fd) return tl::unexpected(std::move(fd).error());
  auto file = catalog_.identify(fd->get());
  if (!file) return tl::unexpected(std::move(file).error());
  return Opened{std::move(*fd), *file};
}

/// The catalog's entry of an open file, read now if need be; null while somebody writes the file.
const CatalogEntry* Attacher::read(Opened& opened, const std::string& path) {
  if (const CatalogEntry* entry = catalog_.known(opened.file, opened.fd.get())) return entry;
  // It was not read, or is another one now: what was said of the old content holds no more.
  std::erase_if(refused_, [&](const auto& refused) { return refused.first.file == opened.file; });
  auto guard = FileGuard::take(std::move(opened.fd), path, watches_);
  if (!guard) {
    log_.debug("cannot read a file now", {{"file", path}, {"error", guard.error().message}});
    return nullptr;
  }
  return &catalog_.read(opened.file, *guard, path);
}

bool Attacher::has_wanted_probes(TargetState& target, Opened& opened, const std::string& path) {
  const CatalogEntry* entry = read(opened, path);
  if (entry == nullptr) return target.files.contains(opened.file);
  if (!entry->probes) {
    const Errc code = entry->problem.code;
    if (code != Errc::unsupported && code != Errc::gone &&
        said_.insert(fmt::format("{} {}", opened.file.inode, path)).second) {
      log_.warn(
          "cannot read the probes of a file",
          {{"target", target.target.name}, {"file", path}, {"error", entry->problem.message}});
    }
    return false;
  }
  if (entry->probes->sites.empty() && entry->probes->skipped.empty()) return false;
  return std::ranges::any_of(target.metrics, [&](const MetricState& metric) {
    const auto selection = plan::select_sites(metric.metric, *entry->probes, policy_of(target));
    return !selection || !selection->sites.empty();
  });
}

bool Attacher::mapped(TargetState& target, const proc::ImagePtr& image,
                      const proc::Mapping& mapping, std::optional<Time> seen) {
  if (target.target.file && !target.target.file->matches_path(mapping.path)) return false;
  auto opened = open(image->pid, mapping);
  if (!opened) {
    const Errc code = opened.error().code;
    if (code == Errc::permission && said_.insert("open " + mapping.path).second) {
      log_.warn("cannot open a file that a process maps",
                {{"target", target.target.name}, {"error", opened.error().message}});
    }
    return false;
  }
  const bool was_read = catalog_.known(opened->file, opened->fd.get()) != nullptr;
  if (!has_wanted_probes(target, *opened, mapping.path)) return false;
  const auto [entry, is_new] = target.files.try_emplace(opened->file);
  FileUse& use = entry->second;
  if (is_new) use.path = mapping.path;
  if (!std::exchange(use.was_mapped, true) && seen) first_mapped(target, opened->file, use, *seen);
  use.by.insert_or_assign(image->pid, mapping);
  if (is_new || !was_read) is_settled_ = false;
  return true;
}

/// The probes of a file that was attached ahead have been live for as long as anybody maps it.
void Attacher::first_mapped(TargetState& target, const proc::FileId& file, FileUse& use,
                            Time seen) {
  bool is_attached = false;
  for (const MetricState& metric : target.metrics) {
    const auto attached = metric.files.find(file);
    if (attached == metric.files.end()) continue;
    is_attached = true;
    attach_delay_.observe(std::max(attached->second.since - seen, Time::duration::zero()));
  }
  if (!is_attached) use.mapped_at = seen;
}

void Attacher::maps_now(TargetState& target, const proc::ImagePtr& image,
                        const std::vector<proc::Mapping>& mappings) {
  std::set<proc::FileId> present;
  for (const proc::Mapping& mapping : mappings) {
    // A mapping that was seen before needs no second look.
    const auto known = std::ranges::find_if(target.files, [&](const auto& entry) {
      const auto by = entry.second.by.find(image->pid);
      return by != entry.second.by.end() && by->second.start == mapping.start &&
             by->second.path == mapping.path && by->second.file.inode == mapping.file.inode;
    });
    if (known != target.files.end()) {
      present.insert(known->first);
      continue;
    }
    if (!mapped(target, image, mapping, std::nullopt)) continue;
    image->maps_traced_file = true;
    for (const auto& [file, use] : target.files) {
      const auto by = use.by.find(image->pid);
      if (by != use.by.end() && by->second.start == mapping.start) present.insert(file);
    }
  }
  for (auto& [file, use] : target.files) {
    if (!present.contains(file)) use.by.erase(image->pid);
  }
  drop_unused(target);
}

void Attacher::inherit(TargetState& target, const proc::ImagePtr& parent,
                       const proc::ImagePtr& child) {
  for (auto& [file, use] : target.files) {
    const auto by = use.by.find(parent->pid);
    if (by == use.by.end()) continue;
    const proc::Mapping mapping = by->second;
    use.by.insert_or_assign(child->pid, mapping);
  }
}

void Attacher::left(TargetState& target, std::uint32_t pid) {
  bool did_map = false;
  for (auto& [file, use] : target.files) did_map |= use.by.erase(pid) > 0;
  if (did_map) drop_unused(target);
}

bool Attacher::may_unload(const TargetState& target, std::uint32_t pid) {
  return std::ranges::any_of(target.files, [&](const auto& entry) {
    return !entry.second.is_on_host && entry.second.by.contains(pid);
  });
}

bool Attacher::stays(const TargetState& target, const proc::FileId& file, const std::string& path) {
  const auto hosted = open_on_host(path);
  if (!hosted || hosted->file != file) return false;
  // A library that the spec does not name stays too, but never in the way of an umount.
  return is_named(target.target, path) ||
         (!target.target.file && host_.is_on_system_disk(hosted->fd.get()));
}

void Attacher::drop_unused(TargetState& target) {
  for (auto entry = target.files.begin(); entry != target.files.end();) {
    auto& [file, use] = *entry;
    if (use.by.empty()) use.is_on_host = stays(target, file, use.path);
    const bool keep = use.is_wanted();
    if (!keep) is_settled_ = false;
    entry = keep ? std::next(entry) : target.files.erase(entry);
  }
}

std::set<proc::FileId> Attacher::files_in_use() const {
  std::set<proc::FileId> files;
  for (const TargetState& target : targets_) {
    for (const auto& [file, use] : target.files) files.insert(file);
  }
  return files;
}

void Attacher::forget_unused() {
  catalog_.retain(files_in_use());
}

void Attacher::look_at_host(TargetState& target) {
  drop_unused(target);
  target.directories.clear();
  for (const Glob* pattern : absolute_patterns(target.target)) {
    // The very first file may still have to come.
    target.directories.insert(directory_of(pattern->text()));
    for (const std::string& path : host_.expand(*pattern)) {
      target.directories.insert(directory_of(path));
      found_on_host(target, path);
    }
  }
}

void Attacher::found_on_host(TargetState& target, const std::string& path) {
  auto opened = open_on_host(path);
  if (!opened || !has_wanted_probes(target, *opened, path)) return;
  const auto [entry, is_new] = target.files.try_emplace(opened->file);
  if (is_new) entry->second.path = path;
  if (!std::exchange(entry->second.is_on_host, true) || is_new) is_settled_ = false;
}

void Attacher::watch_host() {
  std::set<std::string> directories;
  for (const TargetState& target : targets_) {
    for (const std::string& directory : target.directories) {
      directories.insert(host_.root() + directory);
    }
  }
  directories_.watch(directories);
}

void Attacher::look_at_changes() {
  const DirectoryWatches::Changes changes = directories_.take();
  for (TargetState& target : targets_) {
    if (changes.has_missed_some) {
      look_at_host(target);
      continue;
    }
    bool has_changed = false;
    for (const std::string& path : changes.paths) {
      const std::string on_host = path.substr(host_.root().size());
      if (!is_named(target.target, on_host)) continue;
      has_changed = true;
      found_on_host(target, on_host);
    }
    if (has_changed) drop_unused(target);
  }
}

void Attacher::narrow(TargetState& target) {
  if (target.target.file) {
    std::erase_if(target.files, [&](const auto& entry) {
      return !target.target.file->matches_path(entry.second.path);
    });
  }
  is_settled_ = false;
}

}  // namespace sdt::daemon
