#include "daemon/engine.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "plan/select.h"

namespace sdt::daemon {
namespace {

using proc::ImagePtr;
using Kind = proc::ProcessTable::Change::Kind;

/// A quarter of what a metric's map keeps for processes that nobody has judged yet.
constexpr std::uint64_t urgent_arrivals = 256;
/// A process that ends takes so long from the record to be gone from /proc.
constexpr std::chrono::milliseconds parting{5};
constexpr unsigned most_partings = 4;
/// Daemons that start as root have usually become what they will be by then.
constexpr std::chrono::seconds maturity{1};
/// dlopen of the new is followed by dlclose of the old.
constexpr std::chrono::milliseconds unloading{200};

/// The kubelet writes down the names of a pod's containers while they start.
bool lacks_names(const Placement& placement) {
  if (placement.pod_uid.empty()) return false;
  return placement.pod.empty() ||
         (!placement.container.empty() && placement.container_name.empty());
}

}  // namespace

Engine::Engine(const Surroundings& surroundings)
    : backend_(surroundings.backend),
      procfs_(surroundings.procfs),
      records_(surroundings.records),
      memory_(surroundings.memory),
      log_(surroundings.log),
      attacher_(targets_, backend_, procfs_, surroundings.host, memory_, log_) {}

/* ---- what the kernel reports ----------------------------------------------------------------- */

void Engine::follow(Time now) {
  take_records(now);
  make_up_for_losses(now);
  settle(now);
}

void Engine::make_up_for_losses(Time now) {
  if (!missing_since_) return;
  ++records_lost_;
  log_.warn("records of processes were lost, looking at all of them");
  look_at_processes(now);
}

void Engine::take_records(Time now) {
  if (records_ == nullptr) return;
  auto batch = records_->take();
  for (const proc::Record& record : batch.records) {
    if (const auto* made = std::get_if<proc::CgroupMade>(&record.what)) cgroups_.made(*made);
    if (const auto change = table_.apply(record)) apply(*change, now);
  }
  if (batch.lost) {
    missing_since_ = std::min(missing_since_.value_or(batch.lost_since), batch.lost_since);
  }
}

void Engine::settle(Time now) {
  if (!attacher_.settle(now)) return;
  for (TargetState& target : targets_) {
    for (MetricState& metric : target.metrics) report_state(target, metric);
  }
  remember();
}

void Engine::apply(const Change& change, Time now) {
  switch (change.kind) {
    case Kind::forked:
      return forked(change);
    case Kind::executed:
      return executed(change);
    case Kind::mapped:
      return mapped(change);
    case Kind::renamed:
      return renamed(change, now);
    case Kind::left_main:
      return left_main(change, now);
  }
}

void Engine::forked(const Change& change) {
  if (change.image->maps_traced_file) ++arrivals_;
  for (TargetState& target : targets_) {
    target.roster.leave(change.image->pid);  // somebody who had the number and was not seen to go
    attacher_.left(target, change.image->pid);
    if (!change.other || !target.roster.is_member(change.other)) continue;
    if (judge(target, change.image) != Belongs::yes) continue;
    target.roster.join(change.image);
    attacher_.inherit(target, change.other, change.image);
  }
}

/// Exec leaves nothing of what the process was, or mapped.
void Engine::executed(const Change& change) {
  have_some_ended_ |= change.other && change.other->maps_traced_file;
  for (TargetState& target : targets_) {
    if (target.roster.leave(change.image->pid)) attacher_.left(target, change.image->pid);
  }
}

void Engine::mapped(const Change& change) {
  const ImagePtr& image = change.image;
  for (TargetState& target : targets_) {
    if (!target.roster.is_member(image)) {
      const Belongs belongs = judge(target, image);
      if (belongs == Belongs::no &&
          plan::matches_program(target.target, *image->facts) == plan::Match::depends) {
        maturing_.push_back({to_time(change.time) + maturity, image});
      }
      if (belongs != Belongs::yes) continue;
      target.roster.join(image);
    }
    if (!attacher_.mapped(target, image, change.mapping, to_time(change.time))) continue;
    if (!std::exchange(image->maps_traced_file, true)) ++arrivals_;
    if (Attacher::may_unload(target, image->pid)) {
      unloading_.push_back({to_time(change.time) + unloading, image});
    }
  }
}

/// Not here and now: a drain may be going on, which must not be overtaken by another.
void Engine::renamed(const Change& change, Time now) {
  maturing_.push_back({now, change.image});
}

/// The record of the main thread's end says nothing about the others, and comes before the end.
void Engine::left_main(const Change& change, Time now) {
  const ImagePtr& image = change.image;
  if (!is_of_interest(image)) return table_.end(image->pid, change.time);
  const auto id = procfs_.identify(image->pid);
  if (!id && id.error().code == Errc::gone) return end(image->pid, change.time);
  leaving_.push_back({now + parting, image});
}

bool Engine::is_of_interest(const ImagePtr& image) const {
  return image->maps_traced_file || std::ranges::any_of(targets_, [&](const TargetState& target) {
           return target.roster.is_member(image);
         });
}

void Engine::end(std::uint32_t pid, std::uint64_t time) {
  table_.end(pid, time);
  have_some_ended_ = true;
  for (TargetState& target : targets_) {
    if (target.roster.leave(pid)) attacher_.left(target, pid);
  }
}

/* ---- looking at everything ------------------------------------------------------------------- */

void Engine::reconcile(Time now) {
  // Not every write to a file without a lease is reported.
  attacher_.release_broken(now);
  look_at_processes(now);
  if (std::exchange(is_inheriting_, false)) attacher_.end_inheritance();
  for (TargetState& target : targets_) attacher_.look_at_host(target);
  attacher_.watch_host();
  attacher_.forget_unused();
  // What happened while we looked is in the records, and newer.
  follow(now);
}

void Engine::look_at_maps(TargetState& target, const ImagePtr& image) {
  const auto mappings = procfs_.mapped_files(image->pid);
  if (mappings) return attacher_.maps_now(target, image, *mappings);
  if (mappings.error().code == Errc::gone) return;
  if (said_.insert(fmt::format("maps {}", image->pid)).second) {
    log_.warn("cannot see which files a process maps", {{"target", target.target.name},
                                                        {"pid", std::to_string(image->pid)},
                                                        {"error", mappings.error().message}});
  }
}

void Engine::look_at_processes(Time now) {
  const auto pids = procfs_.pids();
  // Without a look at /proc nothing is known to have changed: everything stays as it is.
  if (!pids) {
    log_.error("cannot list processes", {{"error", pids.error().message}});
    return;
  }
  const bool is_complete = records_ != nullptr && !missing_since_;
  const std::uint64_t since = missing_since_.value_or(looked_at_);
  missing_since_.reset();
  looked_at_ = to_nanoseconds(now);
  std::map<std::uint32_t, std::string> hidden;
  std::set<std::uint32_t> present;
  for (const std::uint32_t pid : *pids) {
    const auto id = procfs_.identify(pid);
    if (!id && id.error().code == Errc::gone) continue;
    present.insert(pid);
    ImagePtr image = table_.current(pid);
    // Without records an exec shows in the program only.
    const bool is_known = image && id && image->facts->id == *id && image->is_complete &&
                          is_complete && !may_change_sides(image) &&
                          !lacks_names(image->facts->placement);
    if (!is_known) {
      const auto process = procfs_.read(pid);
      if (process) {
        image = saw(*process, is_complete ? to_nanoseconds(now) : since);
      } else if (process.error().code == Errc::unsupported) {
        continue;  // a kernel thread
      } else if (process.error().code != Errc::gone) {
        hidden.emplace(pid, process.error().message);
      }
    }
    if (!image || image->facts->exe.empty()) continue;
    for (TargetState& target : targets_) {
      place(target, image, now);
      if (target.roster.is_member(image)) look_at_maps(target, image);
    }
  }
  end_all_but(present, now);
  report_hidden(hidden);
}

/// Whoever is known to run and is not there any more.
void Engine::end_all_but(const std::set<std::uint32_t>& present, Time now) {
  std::vector<ImagePtr> gone;
  for (const std::uint32_t pid : table_.running()) {
    if (!present.contains(pid)) gone.push_back(table_.current(pid));
  }
  // What they did until their end is in the records, and so is when that was.
  take_records(now);
  // Of the others it is only known that they may have fired until now.
  const std::uint64_t gone_by = to_nanoseconds(std::chrono::steady_clock::now());
  for (const ImagePtr& image : gone) {
    if (table_.current(image->pid) == image) end(image->pid, gone_by);
  }
}

/// What /proc shows may be another program than the one that was known.
ImagePtr Engine::saw(const proc::Process& process, std::uint64_t since) {
  const ImagePtr before = table_.current(process.id.pid);
  ImagePtr image = table_.saw(process, since);
  if (before && before != image) {
    for (TargetState& target : targets_) {
      if (target.roster.leave(image->pid)) attacher_.left(target, image->pid);
    }
    have_some_ended_ = true;
  }
  return image;
}

/// A user, a control group or a command line may be another one by now.
bool Engine::may_change_sides(const ImagePtr& image) const {
  return std::ranges::any_of(targets_, [&](const TargetState& target) {
    return plan::matches_program(target.target, *image->facts) == plan::Match::depends;
  });
}

void Engine::turn(Time now) {
  const auto take_due = [&](std::vector<Look>& looks) {
    std::vector<Look> due;
    std::erase_if(looks, [&](Look& look) {
      if (look.due > now) return false;
      due.push_back(std::move(look));
      return true;
    });
    return due;
  };
  for (Look& look : take_due(leaving_)) {
    if (look.image->ended) continue;
    const auto id = procfs_.identify(look.image->pid);
    if (!id && id.error().code == Errc::gone) {
      end(look.image->pid, to_nanoseconds(std::chrono::steady_clock::now()));
    } else if (++look.tries < most_partings) {
      leaving_.push_back({now + parting * (1 << look.tries), look.image, look.tries});
    }
    // Else other threads live on; each of their ends is reported, and is looked at again.
  }
  for (const Look& look : take_due(maturing_)) {
    if (look.image->ended) continue;
    look.image->is_complete = false;
    for (TargetState& target : targets_) place(target, look.image, now);
  }
  for (const Look& look : take_due(unloading_)) {
    for (TargetState& target : targets_) {
      if (!look.image->ended && target.roster.is_member(look.image)) {
        look_at_maps(target, look.image);
      }
    }
  }
  settle(now);
}

std::optional<Time> Engine::next_turn() const {
  std::optional<Time> next = attacher_.next_try();
  for (const auto* looks : {&leaving_, &maturing_, &unloading_}) {
    for (const Look& look : *looks) {
      if (!next || look.due < *next) next = look.due;
    }
  }
  return next;
}

void Engine::release_files(Time now) {
  attacher_.release_broken(now);
}

void Engine::look_at_changes(Time now) {
  attacher_.look_at_changes();
  settle(now);
}

bool Engine::is_drain_urgent() const {
  return arrivals_ >= urgent_arrivals;
}

/* ---- what is said ---------------------------------------------------------------------------- */

/// Names the processes that cannot be looked at, each once: a target's own may be among them.
void Engine::report_hidden(const std::map<std::uint32_t, std::string>& hidden) {
  constexpr std::size_t most_named = 10;
  std::string pids;
  std::size_t fresh = 0;
  for (const auto& [pid, why] : hidden) {
    if (hidden_.contains(pid)) continue;
    if (++fresh <= most_named) pids += fmt::format("{}{}", pids.empty() ? "" : " ", pid);
  }
  if (fresh > 0) {
    log_.warn(
        "some processes cannot be looked at and will match no target",
        {{"count", std::to_string(fresh)}, {"pids", pids}, {"error", hidden.rbegin()->second}});
  }
  hidden_.clear();
  for (const auto& [pid, why] : hidden) hidden_.insert(pid);
}

/// Says in words what keeps a metric from counting, once for each change.
void Engine::report_state(TargetState& target, MetricState& metric) {
  const std::string state = metric.state_of(target.roster.running().empty());
  if (state == metric.state) return;
  metric.state = state;
  const Log::Fields fields{
      {"target", target.target.name}, {"metric", metric.metric.name}, {"state", state}};
  if (metric.is_attached()) {
    log_.debug("metric", fields);
  } else {
    log_.warn("metric not attached", fields);
  }
}

}  // namespace sdt::daemon
