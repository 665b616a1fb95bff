// Attacher: letting go, which the kernel takes its time for.
#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "daemon/attacher.h"

namespace sdt::daemon {
namespace {

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

}  // namespace

Attacher::~Attacher() {
  let_go([](std::size_t) {});
}

void Attacher::let_go(const Progress& progress) {
  if (memory_ != nullptr && memory_->stays()) {
    for (auto& [file, guarded] : guards_) guarded.guard.leave();
  }
  std::vector<plan::Link*> links;
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) {
      for (const auto& [file, attached] : metric.files) links.push_back(attached.link.get());
    }
  }
  close_all(links, progress);
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) metric.files.clear();
  }
  closings_.clear();
  guards_.clear();
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

}  // namespace sdt::daemon
