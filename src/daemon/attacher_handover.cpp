// Attacher: links and files that outlive the daemon.
#include <fcntl.h>

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/attacher.h"

namespace sdt::daemon {

/// Puts a new link where the next daemon finds it.
void Attacher::keep(AttachedFile& attached) {
  if (memory_ == nullptr) return;
  const auto handles = attached.link->handles();
  if (handles.empty()) return;
  attached.kept_as = fmt::format("sdt-link-{}-", next_kept_++);
  for (const plan::Handle& handle : handles) {
    memory_->keep(attached.kept_as + handle.name, handle.fd);
  }
}

void Attacher::drop(const Guarded& guarded) {
  if (guarded.kept_as.empty()) return;
  // The lease itself ends with the guard, whoever has the open file.
  static_cast<void>(memory_->keeper().let_go(guarded.kept_as));
}

void Attacher::drop_guards_but(const std::set<proc::FileId>& used) {
  std::erase_if(guards_, [&](const auto& entry) {
    if (used.contains(entry.first)) return false;
    drop(entry.second);
    return true;
  });
}

void Attacher::save(SavedState& state) const {
  state.next_kept = next_kept_;
  for (const auto& [file, guarded] : guards_) {
    const auto version = FileGuard::version_of(guarded.guard.fd());
    state.guards.push_back({file, guarded.path, guarded.kept_as,
                            guarded.guard.kind() == FileGuard::Kind::lease, version.size,
                            version.seconds, version.nanoseconds});
  }
}

std::vector<SavedLink> Attacher::links_of(const MetricState& metric) const {
  std::vector<SavedLink> links;
  for (const auto& [file, attached] : metric.files) {
    if (attached.kept_as.empty()) continue;
    links.push_back({file,
                     attached.path,
                     attached.kept_as,
                     attached.link->notes(),
                     attached.roles,
                     {attached.sites.begin(), attached.sites.end()}});
  }
  return links;
}

void Attacher::adopt(Inheritance& inheritance) {
  next_kept_ = inheritance.state.next_kept;
  for (const SavedGuard& saved : inheritance.state.guards) {
    if (!adopt_guard(saved, inheritance)) {
      log_.info("a file is not what it was when an earlier run was attached to it",
                {{"file", saved.path}});
    }
  }
  for (const SavedTarget& saved_target : inheritance.state.targets) {
    for (const SavedMetric& saved_metric : saved_target.metrics) {
      for (TargetState& target : targets_) {
        if (target.number != saved_target.number) continue;
        for (MetricState& metric : target.metrics) {
          if (metric.number != saved_metric.number || !metric.program) continue;
          for (const SavedLink& link : saved_metric.links) {
            if (!adopt_link(target, metric, link, inheritance)) {
              log_.info("a link of an earlier run is made anew",
                        {{"metric", metric.metric.name}, {"file", link.path}});
            }
          }
        }
      }
    }
  }
  // A file without a link is none of ours yet, and its lease none that anybody needs.
  drop_guards_but(files_in_use());
  is_settled_ = false;
}

/// The content under the links must be the one that they were made for: a file whose lease was
/// broken, or that was rewritten while nobody held one, is let go of.
bool Attacher::adopt_guard(const SavedGuard& saved, Inheritance& inheritance) {
  UniqueFd fd = saved.kept_as.empty() ? UniqueFd() : inheritance.take(saved.kept_as);
  const bool was_kept = fd.valid();
  if (!was_kept) {
    auto hosted = open_on_host(saved.path);
    if (!hosted) return false;
    fd = std::move(hosted->fd);
  }
  const auto give_back = [&] {
    // The lease goes after the links: a writer that waits for it waits until then.
    if (was_kept) inheritance.descriptors.emplace(saved.kept_as, std::move(fd));
    return false;
  };
  const FileGuard::Version version{saved.size, saved.seconds, saved.nanoseconds};
  const auto file = catalog_.identify(fd.get());
  if (!file || *file != saved.file || FileGuard::version_of(fd.get()) != version) {
    return give_back();
  }
  if (was_kept && saved.is_lease && !FileGuard::is_leased(fd.get())) return give_back();
  UniqueFd spare(fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  auto guard = FileGuard::take(std::move(fd), saved.path, watches_);
  fd = std::move(spare);
  if (!guard) return give_back();
  if (!was_kept && !saved.kept_as.empty()) memory_->keep(saved.kept_as, guard->fd());
  guards_.emplace(saved.file, Guarded{std::move(*guard), saved.path, saved.kept_as});
  return true;
}

bool Attacher::adopt_link(TargetState& target, MetricState& metric, const SavedLink& saved,
                          Inheritance& inheritance) {
  if (!guards_.contains(saved.file)) return false;
  plan::Adopted adopted{inheritance.take_all(saved.kept_as), saved.notes};
  std::vector<std::string> names;
  for (const auto& [name, fd] : adopted.handles) names.push_back(saved.kept_as + name);
  auto link = metric.program->adopt(std::move(adopted));
  if (!link) {
    for (const std::string& name : names) static_cast<void>(memory_->keeper().drop(name));
    return false;
  }
  AttachedFile attached{std::move(*link), saved.kept_as, saved.path, saved.roles, {}};
  attached.sites.insert(saved.sites.begin(), saved.sites.end());
  metric.files.insert_or_assign(saved.file, std::move(attached));
  attempts_[{target.number, metric.number, saved.file}] = {true, 0, {}};
  FileUse& use = target.files[saved.file];
  use.path = saved.path;
  use.is_inherited = true;
  use.was_mapped = true;
  return true;
}

void Attacher::end_inheritance() {
  for (TargetState& target : targets_) {
    for (auto& [file, use] : target.files) use.is_inherited = false;
    drop_unused(target);
  }
}

}  // namespace sdt::daemon
