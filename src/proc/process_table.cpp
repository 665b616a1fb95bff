#include "proc/process_table.h"

#include <algorithm>
#include <utility>

#include "base/overloaded.h"

namespace sdt::proc {
namespace {

using Change = ProcessTable::Change;
using Kind = Change::Kind;

std::shared_ptr<const Process> unknown_process(std::uint32_t pid) {
  auto process = std::make_shared<Process>();
  process->id.pid = pid;
  return process;
}

}  // namespace

ImagePtr ProcessTable::begin(std::uint32_t pid, std::uint64_t time,
                             std::shared_ptr<const Process> facts) {
  std::vector<ImagePtr>& history = images_[pid];
  if (!history.empty() && !history.back()->ended) {
    history.back()->ended = time;
    ended_.push_back(pid);
  }
  auto image = std::make_shared<Image>();
  image->pid = pid;
  image->began = time;
  image->facts = std::move(facts);
  history.push_back(image);
  return image;
}

std::optional<Change> ProcessTable::apply(const Record& record) {
  const std::uint64_t time = record.time;
  const auto on_fork = [&](const Fork& fork) -> std::optional<Change> {
    if (fork.pid == fork.parent_pid) return std::nullopt;  // a thread
    const ImagePtr parent = at(fork.parent_pid, time);
    if (!parent)
      return Change{Kind::forked, begin(fork.pid, time, unknown_process(fork.pid)), {}, {}, time};
    auto facts = std::make_shared<Process>(*parent->facts);
    facts->id = {fork.pid, 0};
    facts->parent = fork.parent_pid;
    const ImagePtr child = begin(fork.pid, time, std::move(facts));
    child->awaits_exe = parent->awaits_exe;
    child->is_complete = parent->is_complete;
    child->is_inherited = true;
    child->maps_traced_file = parent->maps_traced_file;
    return Change{Kind::forked, child, parent, {}, time};
  };
  const auto on_comm = [&](const Comm& comm) -> std::optional<Change> {
    const ImagePtr before = current(comm.pid);
    auto facts = before ? std::make_shared<Process>(*before->facts) : std::make_shared<Process>();
    facts->id.pid = comm.pid;
    facts->comm = comm.comm;
    if (!comm.is_exec) {
      // Threads have names of their own; the process is called as its first one.
      if (comm.tid != comm.pid || !before) return std::nullopt;
      before->renamed = time;
      before->facts_before = std::exchange(before->facts, std::move(facts));
      return Change{Kind::renamed, before, {}, {}, time};
    }
    facts->exe.clear();
    facts->cmdline.clear();
    // Who starts services and containers forks, moves the child, and then executes.
    facts->placement = {};
    const ImagePtr image = begin(comm.pid, time, std::move(facts));
    image->awaits_exe = true;
    return Change{Kind::executed, image, before, {}, time};
  };
  const auto on_mapped = [&](const Mapped& mapped) -> std::optional<Change> {
    ImagePtr image = current(mapped.pid);
    if (!image && at(mapped.pid, time)) return std::nullopt;  // known to be gone by now
    if (!image) image = begin(mapped.pid, time, unknown_process(mapped.pid));
    if (std::exchange(image->awaits_exe, false)) {
      auto facts = std::make_shared<Process>(*image->facts);
      facts->exe = mapped.mapping.path;
      image->facts = std::move(facts);
    }
    return Change{Kind::mapped, image, {}, mapped.mapping, time};
  };
  const auto on_exit = [&](const Exit& exit) -> std::optional<Change> {
    const ImagePtr image = current(exit.pid);
    if (!image || image->began > time) return std::nullopt;
    if (exit.tid == exit.pid) image->has_left_main = true;
    if (!image->has_left_main) return std::nullopt;
    return Change{Kind::left_main, image, {}, {}, time};
  };
  return std::visit(Overloaded{on_fork, on_comm, on_mapped, on_exit,
                               [](const CgroupMade&) { return std::optional<Change>(); },
                               [](const Lost&) { return std::optional<Change>(); }},
                    record.what);
}

ImagePtr ProcessTable::saw(const Process& process, std::uint64_t since) {
  const std::uint32_t pid = process.id.pid;
  ImagePtr image = current(pid);
  const bool same_process =
      image && (image->facts->id.start_ticks == 0 || image->facts->id == process.id);
  // In a chroot the record has the path as the process sees it, /proc as we do.
  const bool same_program =
      same_process && (image->facts->exe.empty() || image->facts->exe == process.exe ||
                       (image->began != 0 && image->facts->comm == process.comm));
  if (!same_program) {
    // What nobody reported began some time before, but not before what is known of the pid ended.
    const bool is_first = !images_.contains(pid);
    const std::uint64_t previous = image ? image->began : 0;
    image = begin(pid, is_first ? 0 : std::max(since, previous), nullptr);
  }
  image->facts = std::make_shared<Process>(process);
  image->awaits_exe = false;
  image->is_complete = true;
  image->is_inherited = false;
  return image;
}

void ProcessTable::end(std::uint32_t pid, std::uint64_t time) {
  const ImagePtr image = current(pid);
  if (!image) return;
  image->ended = time;
  ended_.push_back(pid);
}

ImagePtr ProcessTable::current(std::uint32_t pid) const {
  const auto found = images_.find(pid);
  if (found == images_.end() || found->second.back()->ended) return nullptr;
  return found->second.back();
}

ImagePtr ProcessTable::at(std::uint32_t pid, std::uint64_t time) const {
  const auto found = images_.find(pid);
  if (found == images_.end()) return nullptr;
  const auto image =
      std::find_if(found->second.rbegin(), found->second.rend(),
                   [&](const ImagePtr& candidate) { return candidate->began <= time; });
  if (image == found->second.rend()) return nullptr;
  const bool was_over = (*image)->ended && *(*image)->ended < time;
  return was_over ? nullptr : *image;
}

std::vector<std::uint32_t> ProcessTable::running() const {
  std::vector<std::uint32_t> pids;
  for (const auto& [pid, history] : images_) {
    if (!history.back()->ended) pids.push_back(pid);
  }
  return pids;
}

void ProcessTable::forget_ended_before(std::uint64_t time) {
  std::vector<std::uint32_t> later;
  for (const std::uint32_t pid : std::exchange(ended_, {})) {
    const auto found = images_.find(pid);
    if (found == images_.end()) continue;
    std::erase_if(found->second,
                  [&](const ImagePtr& image) { return image->ended && *image->ended < time; });
    if (found->second.empty()) {
      images_.erase(found);
    } else if (found->second.front()->ended) {
      later.push_back(pid);
    }
  }
  ended_ = std::move(later);
}

}  // namespace sdt::proc
