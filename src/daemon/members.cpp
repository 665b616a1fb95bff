#include "daemon/members.h"

#include <iterator>

#include "plan/match.h"

namespace sdt::daemon {

Members::Change Members::update(const std::vector<proc::Process>& processes, Time now) {
  Change change;
  std::map<std::uint32_t, const proc::Process*> present;
  for (const proc::Process& process : processes) present.emplace(process.id.pid, &process);
  const auto is_still = [&](std::uint32_t pid, const auto& known) {
    const auto found = present.find(pid);
    return found != present.end() && found->second->id == known.id &&
           found->second->exe == known.exe;
  };

  for (auto& [pid, member] : members_) {
    if (member.ended || is_still(pid, member)) continue;
    member.ended = now;
    change.left.push_back(pid);
  }
  for (auto entry = foreign_.begin(); entry != foreign_.end();) {
    if (is_still(entry->first, entry->second)) {
      ++entry;
    } else {
      change.left.push_back(entry->first);
      entry = foreign_.erase(entry);
    }
  }
  for (const proc::Process& process : processes) {
    const auto known = members_.find(process.id.pid);
    if (known != members_.end() && !known->second.ended) continue;
    if (foreign_.contains(process.id.pid) || !plan::belongs(target_, process)) continue;
    members_.insert_or_assign(process.id.pid, Member{process.id, process.exe, std::nullopt});
    change.joined.push_back(process.id.pid);
  }
  return change;
}

bool Members::admit(const proc::Process& process) {
  if (plan::belongs(target_, process)) {
    members_.insert_or_assign(process.id.pid, Member{process.id, process.exe, std::nullopt});
    return true;
  }
  foreign_.insert_or_assign(process.id.pid, Foreign{process.id, process.exe});
  return false;
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
