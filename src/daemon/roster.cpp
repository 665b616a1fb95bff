#include "daemon/roster.h"

#include <iterator>

namespace sdt::daemon {

bool Roster::is_member(const proc::ImagePtr& image) const {
  const auto found = running_.find(image->pid);
  return found != running_.end() && found->second == image;
}

void Roster::bind(const ImageKey& key, const proc::ImagePtr& image, bool is_member) {
  bound_.insert_or_assign(key, Bound{image, is_member});
}

std::vector<ImageKey> Roster::keys_of(const proc::ImagePtr& image) const {
  std::vector<ImageKey> keys;
  for (auto entry = bound_.lower_bound({image->pid, 0});
       entry != bound_.end() && entry->first.pid == image->pid; ++entry) {
    if (entry->second.image == image) keys.push_back(entry->first);
  }
  return keys;
}

std::optional<metrics::ProcessView> Roster::view(const ImageKey& key) const {
  using Standing = metrics::ProcessView::Standing;
  const auto found = bound_.find(key);
  if (found == bound_.end()) return std::nullopt;
  const Bound& bound = found->second;
  if (!bound.is_member) return metrics::ProcessView{Standing::foreign, {}, std::nullopt};
  const proc::Process& process = *bound.image->facts;
  metrics::ProcessView view{Standing::member, {process.exe, process.placement}, std::nullopt};
  if (bound.image->ended) view.ended = to_time(*bound.image->ended);
  return view;
}

std::vector<ImageKey> Roster::forget_ended_before(Time time) {
  std::vector<ImageKey> keys;
  for (auto entry = bound_.begin(); entry != bound_.end();) {
    const proc::Image& image = *entry->second.image;
    if (image.ended && to_time(*image.ended) < time) {
      keys.push_back(entry->first);
      entry = bound_.erase(entry);
    } else {
      ++entry;
    }
  }
  return keys;
}

}  // namespace sdt::daemon
