#include "daemon/members.h"

#include <iterator>

#include "plan/match.h"

namespace sdt::daemon {

Members::Change Members::diff(const Census& census) const {
  std::map<std::uint32_t, const proc::Process*> present;
  for (const proc::Process& process : census.processes) present.emplace(process.id.pid, &process);
  // The same process may become another one's business without a new pid: by exec, setuid, or a new
  // name.
  const auto is_still = [&](std::uint32_t pid, const Known& known, bool is_member) {
    if (census.unreadable.contains(pid)) return true;
    const auto found = present.find(pid);
    return found != present.end() && found->second->id == known.id &&
           found->second->exe == known.exe && plan::belongs(target_, *found->second) == is_member;
  };

  Change change;
  std::set<std::uint32_t> settled;
  for (const auto& [pid, member] : members_) {
    if (member.ended) continue;
    if (is_still(pid, member, true)) {
      settled.insert(pid);
    } else {
      change.left.push_back(pid);
    }
  }
  for (const auto& [pid, foreign] : foreign_) {
    if (is_still(pid, foreign, false)) {
      settled.insert(pid);
    } else {
      change.left.push_back(pid);
    }
  }
  for (const proc::Process& process : census.processes) {
    if (!settled.contains(process.id.pid) && plan::belongs(target_, process)) {
      change.joined.push_back(process.id.pid);
    }
  }
  return change;
}

void Members::commit(const Census& census, const Change& change, Time now) {
  for (const std::uint32_t pid : change.left) {
    foreign_.erase(pid);
    if (const auto member = members_.find(pid); member != members_.end())
      member->second.ended = now;
  }
  const std::set<std::uint32_t> joined(change.joined.begin(), change.joined.end());
  for (const proc::Process& process : census.processes) {
    if (joined.contains(process.id.pid)) static_cast<void>(admit(process));
  }
}

bool Members::admit(const proc::Process& process) {
  const bool belongs = plan::belongs(target_, process);
  // A pid is one or the other, never both: an ended member's number may be a stranger's now.
  (belongs ? foreign_ : members_).erase(process.id.pid);
  (belongs ? members_ : foreign_)
      .insert_or_assign(process.id.pid, Known{process.id, process.exe, std::nullopt});
  return belongs;
}

std::optional<metrics::ProcessView> Members::view(std::uint32_t pid) const {
  if (const auto member = members_.find(pid); member != members_.end()) {
    return metrics::ProcessView{metrics::ProcessView::Standing::member, member->second.exe,
                                member->second.ended};
  }
  if (foreign_.contains(pid))
    return metrics::ProcessView{metrics::ProcessView::Standing::foreign, {}, std::nullopt};
  return std::nullopt;
}

std::vector<std::uint32_t> Members::running() const {
  std::vector<std::uint32_t> pids;
  for (const auto& [pid, member] : members_) {
    if (!member.ended) pids.push_back(pid);
  }
  return pids;
}

void Members::forget_ended_before(Time time) {
  for (auto entry = members_.begin(); entry != members_.end();) {
    const bool forget = entry->second.ended && *entry->second.ended < time;
    entry = forget ? members_.erase(entry) : std::next(entry);
  }
}

}  // namespace sdt::daemon
