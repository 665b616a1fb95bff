#include "daemon/attacher.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "daemon/closers.h"
#include "plan/select.h"

namespace sdt::daemon {
namespace {

/// The spec has a pattern that this path is one of.
bool is_named(const spec::Target& target, const std::string& path) {
  const auto names = [&](const Glob& glob) {
    return glob.text().starts_with('/') && glob.matches_path(path);
  };
  if (target.file) return names(*target.file);
  return std::ranges::any_of(target.processes, [&](const spec::ProcessSelector& selector) {
    return selector.exe && names(*selector.exe);
  });
}

/// The kernel detaches in 40 to 80 ms.
constexpr std::chrono::milliseconds closing_pause{25};

/// A link, and what the descriptors that are kept for the next daemon are called, if any are.
struct Kept {
  plan::Link* link;
  std::string name;
};

std::vector<Kept> kept_links(const std::vector<AttachedFile>& files) {
  std::vector<Kept> links;
  for (const AttachedFile& file : files) links.push_back({file.link.get(), file.kept_as});
  return links;
}

/// A link is gone when its last descriptor is, the one that is kept for the next daemon included.
void detach(const std::vector<Kept>& kept, Memory* memory) {
  std::vector<plan::Link*> links;
  for (const auto& [link, name] : kept) {
    links.push_back(link);
    if (memory == nullptr || name.empty()) continue;
    for (const plan::Handle& handle : link->handles()) {
      // Without the keeper's word it may be attached a while longer; nothing else can be done.
      static_cast<void>(memory->keeper().drop(name + handle.name));
    }
  }
  close_all(links);
}

std::string name_of(const TargetState& target, const MetricState& metric) {
  return fmt::format("{}/{}", target.target.name, metric.metric.name);
}

/// A writer is usually done in a moment; what else keeps us from attaching takes longer.
std::chrono::milliseconds pause_after(const Error& error, unsigned failures) {
  const auto usual = std::chrono::milliseconds(plan::backoff(failures));
  if (error.code != Errc::busy) return usual;
  constexpr std::chrono::milliseconds shortest{20};
  return std::min<std::chrono::milliseconds>(usual, shortest * (1L << std::min(failures, 10U)));
}

}  // namespace

Attacher::~Attacher() {
  if (memory_ != nullptr && memory_->stays()) {
    for (auto& [file, guarded] : guards_) guarded.guard.leave();
  }
  std::vector<plan::Link*> links;
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) {
      for (const auto& [file, attached] : metric.files) links.push_back(attached.link.get());
    }
  }
  close_all(links);
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) metric.files.clear();
  }
  closings_.clear();
}

plan::SitePolicy Attacher::policy_of(const TargetState& target) const {
  return {.five_byte_nops = target.target.allow_unsafe_sites || backend_.may_use_five_byte_nops()};
}

TargetState& Attacher::target_of(const plan::Binding& binding) {
  return *std::ranges::find(targets_, binding.target, &TargetState::number);
}

MetricState& Attacher::metric_of(const plan::Binding& binding) {
  return *std::ranges::find(target_of(binding).metrics, binding.metric, &MetricState::number);
}

/* ---- which files --------------------------------------------------------------------------- */

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
  if (is_new) {
    use.path = mapping.path;
    use.mapped_at = seen;
  }
  use.by.insert_or_assign(image->pid, mapping);
  if (is_new || !was_read) is_settled_ = false;
  return true;
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
  std::vector<const Glob*> patterns;
  if (target.target.file) {
    patterns.push_back(&*target.target.file);
  } else {
    for (const spec::ProcessSelector& selector : target.target.processes) {
      if (selector.exe) patterns.push_back(&*selector.exe);
    }
  }
  for (const Glob* pattern : patterns) {
    for (const std::string& path : host_.expand(*pattern)) {
      auto opened = open_on_host(path);
      if (!opened || !has_wanted_probes(target, *opened, path)) continue;
      const auto [entry, is_new] = target.files.try_emplace(opened->file);
      if (is_new) entry->second.path = path;
      if (!std::exchange(entry->second.is_on_host, true) || is_new) is_settled_ = false;
    }
  }
}

/* ---- attaching ------------------------------------------------------------------------------ */

bool Attacher::settle(Time now) {
  const auto due = next_try();
  if (is_settled_ && (!due || *due > now)) return false;
  is_settled_ = true;
  reap(now);
  const plan::Actions actions = plan::reconcile(wanted_bindings(), attempts_, now);
  for (const plan::Binding& binding : actions.drop) attempts_.erase(binding);
  for (const plan::Binding& binding : actions.attach) attach(binding);
  close(actions.detach, now);

  std::set<proc::FileId> unfinished;
  for (const auto& [binding, attempt] : attempts_) {
    if (!attempt.attached) unfinished.insert(binding.file);
  }
  std::set<proc::FileId> files = files_in_use();
  for (TargetState& target : targets_) {
    for (auto& [file, use] : target.files) {
      if (!unfinished.contains(file)) use.mapped_at.reset();
    }
  }
  std::erase_if(refused_, [&](const auto& entry) { return !files.contains(entry.first.file); });
  for (const Closing& closing : closings_) files.insert(closing.files.begin(), closing.files.end());
  drop_guards_but(files);
  return true;
}

std::set<plan::Binding> Attacher::wanted_bindings() {
  std::set<plan::Binding> wanted;
  for (TargetState& target : targets_) {
    for (const auto& [file, use] : target.files) {
      const CatalogEntry* entry = catalog_.known(file);
      for (MetricState& metric : target.metrics) {
        if (metric.fuse.trip) continue;
        const plan::Binding binding{target.number, metric.number, file};
        if (attempts_.contains(binding)) {
          wanted.insert(binding);
          continue;
        }
        if (entry == nullptr || !entry->probes) continue;
        const auto selection = plan::select_sites(metric.metric, *entry->probes, policy_of(target));
        if (selection && selection->sites.empty()) continue;
        if (selection) {
          wanted.insert(binding);
        } else if (refused_.try_emplace(binding, selection.error().message).second) {
          // What a file's notes lack they will lack tomorrow: not tried again.
          ++metric.attach_errors[selection.error().code];
          metric.problem = selection.error().message;
          report_failure(binding, selection.error());
        }
      }
    }
  }
  return wanted;
}

Result<Attacher::Opened> Attacher::open_for_attach(const proc::FileId& file, const FileUse& use) {
  Error problem{Errc::gone, fmt::format("{}: no process maps it any more", use.path)};
  constexpr std::size_t most_tried = 3;
  std::size_t tried = 0;
  for (const auto& [pid, mapping] : use.by) {
    if (++tried > most_tried) break;
    auto opened = open(pid, mapping);
    if (opened && opened->file == file) return opened;
    if (!opened) problem = std::move(opened).error();
  }
  auto hosted = open_on_host(use.path);
  if (hosted && hosted->file == file) return hosted;
  return tl::unexpected(std::move(problem));
}

/// Opens the file and keeps it from being rewritten, unless that has been done.
Status Attacher::guard(const proc::FileId& file, const FileUse& use) {
  if (guards_.contains(file)) return {};
  auto opened = open_for_attach(file, use);
  if (!opened) return tl::unexpected(std::move(opened).error());
  auto guard = FileGuard::take(std::move(opened->fd), use.path, watches_);
  if (!guard) return tl::unexpected(std::move(guard).error());
  if (guard->kind() != FileGuard::Kind::lease) {
    log_.info("should this file be rewritten in place, it will be noticed only afterwards",
              {{"file", use.path}, {"reason", guard->reason()}});
  }
  Guarded guarded{std::move(*guard), use.path, {}};
  if (memory_ != nullptr && memory_->keeper().keeps_files()) {
    guarded.kept_as = fmt::format("sdt-file-{}", next_kept_++);
    memory_->keep(guarded.kept_as, guarded.guard.fd());
  }
  guards_.emplace(file, std::move(guarded));
  return {};
}

Status Attacher::attach_now(const plan::Binding& binding) {
  TargetState& target = target_of(binding);
  MetricState& metric = metric_of(binding);
  const FileUse& use = target.files.at(binding.file);
  finish_closing(binding.file);
  if (auto status = guard(binding.file, use); !status) return status;
  const FileGuard& guard = guards_.at(binding.file).guard;
  const CatalogEntry* entry = catalog_.known(binding.file, guard.fd());
  if (entry == nullptr) entry = &catalog_.read(binding.file, guard, use.path);
  if (!entry->probes) return fail(Errc::invalid, entry->problem.message);
  auto selection = plan::select_sites(metric.metric, *entry->probes, policy_of(target));
  if (!selection) return tl::unexpected(std::move(selection).error());
  if (selection->sites.empty()) {
    return fail(Errc::not_found, fmt::format("{} changed, and has no {} any more", entry->path,
                                             plan::probes_text(metric.metric)));
  }
  if (!metric.program) {
    auto program = backend_.load(target.number, metric.metric);
    if (!program) return tl::unexpected(std::move(program).error());
    metric.program = std::move(*program);
  }
  auto link = metric.program->attach(guard.fd(), use.path, selection->sites);
  if (!link) return tl::unexpected(std::move(link).error());
  AttachedFile attached{std::move(*link), {}, use.path, selection->roles, {}};
  for (const plan::SelectedSite& site : selection->sites) ++attached.sites[site.probe];
  attached.refused = selection->refused;
  keep(attached);
  metric.files.insert_or_assign(binding.file, std::move(attached));
  report_attached(binding, *selection, use.path);
  return {};
}

void Attacher::attach(const plan::Binding& binding) {
  const auto before = std::chrono::steady_clock::now();
  const Status attached = attach_now(binding);
  const auto after = std::chrono::steady_clock::now();
  if (!attached) {
    attach_failed(binding, attached.error(), after);
    return;
  }
  FileUse& use = target_of(binding).files.at(binding.file);
  if (use.mapped_at) attach_delay_.observe(after - *use.mapped_at);
  log_.debug(
      "attach took",
      {{"metric", metric_of(binding).metric.name},
       {"seconds", fmt::format("{:.6f}", std::chrono::duration<double>(after - before).count())}});
  attempts_[binding] = {true, 0, {}};
  ++metric_of(binding).attaches;
}

void Attacher::attach_failed(const plan::Binding& binding, const Error& error, Time now) {
  // A process that ended while we looked takes its file along; the record of its end will say so.
  if (error.code == Errc::gone) return;
  MetricState& metric = metric_of(binding);
  ++metric.attach_errors[error.code];
  metric.problem = error.message;
  plan::Attempt& attempt = attempts_[binding];
  attempt.attached = false;
  attempt.retry_at = now + pause_after(error, attempt.failures++);
  // Said once, until it works; a writer that is still at it is no failure.
  const bool is_first = error.code == Errc::busy ? attempt.failures == 8 : attempt.failures == 1;
  if (is_first) report_failure(binding, error);
}

std::optional<AttachedFile> Attacher::take_link(const plan::Binding& binding, const char* why) {
  MetricState& metric = metric_of(binding);
  const auto found = metric.files.find(binding.file);
  if (found == metric.files.end()) return std::nullopt;
  log_.info(why, {{"target", target_of(binding).target.name},
                  {"metric", metric.metric.name},
                  {"file", found->second.path}});
  AttachedFile attached = std::move(found->second);
  metric.files.erase(found);
  ++metric.detaches;
  return attached;
}

/// Detaches on a thread of its own what no process will map any more, or what costs too much.
void Attacher::close(std::vector<plan::Binding> bindings, Time now) {
  Closing closing;
  for (const plan::Binding& binding : bindings) {
    auto attached = take_link(binding, metric_of(binding).fuse.trip
                                           ? "detached, the target is over its budget"
                                           : "detached, no process will map the file any more");
    attempts_.erase(binding);
    if (!attached) continue;
    closing.files.insert(binding.file);
    closing.metrics.insert(binding.metric);
    closing.links.push_back(std::move(*attached));
  }
  begin(std::move(closing), now);
}

void Attacher::begin(Closing closing, Time now) {
  if (closing.links.empty()) return;
  const std::vector<Kept> links = kept_links(closing.links);
  closing.look_at = now + closing_pause;
  try {
    closing.done =
        std::async(std::launch::async, [links, memory = memory_] { detach(links, memory); });
    closings_.push_back(std::move(closing));
  } catch (const std::system_error&) {
    // No thread to be had: it is done here, and takes as long as it takes.
    detach(links, memory_);
  }
}

void Attacher::retire(std::vector<MetricState> metrics, Time now) {
  Closing closing;
  for (MetricState& metric : metrics) {
    for (auto& [file, attached] : metric.files) {
      closing.files.insert(file);
      closing.links.push_back(std::move(attached));
    }
    const auto is_its = [&](const auto& entry) { return entry.first.metric == metric.number; };
    std::erase_if(attempts_, is_its);
    std::erase_if(refused_, is_its);
  }
  begin(std::move(closing), now);
  is_settled_ = false;
}

void Attacher::narrow(TargetState& target) {
  if (target.target.file) {
    std::erase_if(target.files, [&](const auto& entry) {
      return !target.target.file->matches_path(entry.second.path);
    });
  }
  is_settled_ = false;
}

void Attacher::reap(Time now) {
  std::erase_if(closings_, [&](Closing& closing) {
    closing.look_at = now + closing_pause;
    return closing.done.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  });
}

bool Attacher::is_closing(const MetricState& metric) const {
  return std::ranges::any_of(closings_, [&](const Closing& closing) {
    return closing.metrics.contains(metric.number) &&
           closing.done.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
  });
}

/// Two links on one file would count every event twice.
void Attacher::finish_closing(const proc::FileId& file) {
  std::erase_if(closings_, [&](Closing& closing) {
    if (!closing.files.contains(file)) return false;
    closing.done.wait();
    return true;
  });
}

void Attacher::release_broken(Time now) {
  watches_.read_events();
  for (auto entry = guards_.begin(); entry != guards_.end();) {
    if (!entry->second.guard.is_broken()) {
      ++entry;
      continue;
    }
    finish_closing(entry->first);
    std::vector<AttachedFile> detached;
    for (auto& [binding, attempt] : attempts_) {
      if (binding.file != entry->first || !attempt.attached) continue;
      auto attached = take_link(binding, "detached, somebody opens the file for writing");
      if (attached) detached.push_back(std::move(*attached));
      target_of(binding).files.at(binding.file).mapped_at.reset();
      attempt = {false, 0, now + pause_after({Errc::busy, {}}, 0)};
    }
    detach(kept_links(detached), memory_);
    drop(entry->second);
    entry = guards_.erase(entry);  // the writer goes on
  }
}

std::optional<Time> Attacher::next_try() const {
  std::optional<Time> next;
  for (const Closing& closing : closings_) {
    if (!next || closing.look_at < *next) next = closing.look_at;
  }
  for (const auto& [binding, attempt] : attempts_) {
    if (!attempt.attached && (!next || attempt.retry_at < *next)) next = attempt.retry_at;
  }
  return next;
}

void Attacher::report_attached(const plan::Binding& binding, const plan::Selection& selection,
                               const std::string& path) {
  const TargetState& target = target_of(binding);
  const MetricState& metric = metric_of(binding);
  for (const std::string& warning : selection.warnings) {
    log_.warn("events of this site will be counted as lost",
              {{"metric", name_of(target, metric)}, {"file", path}, {"reason", warning}});
  }
  for (const std::string& refused : selection.refused) {
    log_.warn("site not attached",
              {{"metric", name_of(target, metric)}, {"file", path}, {"reason", refused}});
  }
  log_.info("attached", {{"target", target.target.name},
                         {"metric", metric.metric.name},
                         {"file", path},
                         {"sites", std::to_string(selection.sites.size())}});
}

void Attacher::report_failure(const plan::Binding& binding, const Error& error) {
  const TargetState& target = target_of(binding);
  const auto use = target.files.find(binding.file);
  log_.error("cannot attach", {{"target", target.target.name},
                               {"metric", metric_of(binding).metric.name},
                               {"file", use == target.files.end() ? "" : use->second.path},
                               {"error", error.message}});
}

}  // namespace sdt::daemon
