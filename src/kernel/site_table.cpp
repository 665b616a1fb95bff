#include "kernel/site_table.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace sdt::kernel {

Result<std::uint32_t> SiteTable::acquire(const sdt_site& site) {
  std::string layout(reinterpret_cast<const char*>(&site), sizeof site);
  if (const auto known = by_layout_.find(layout); known != by_layout_.end()) {
    ++entries_[known->second].users;
    return known->second;
  }
  auto entry = static_cast<std::uint32_t>(entries_.size());
  if (!free_.empty()) {
    entry = free_.back();
  } else if (entry == capacity_) {
    return fail(
        Errc::exhausted,
        fmt::format("more than {} different argument layouts are attached: narrow the probe "
                    "globs, or run a second exporter",
                    capacity_));
  }
  if (bpf_map_update_elem(map_fd_, &entry, &site, BPF_ANY) != 0) {
    return fail_errno(errno, "writing a site's argument layout to its BPF map");
  }
  if (!free_.empty()) {
    free_.pop_back();
  } else {
    entries_.emplace_back();
  }
  by_layout_.emplace(layout, entry);
  entries_[entry] = {std::move(layout), 1};
  return entry;
}

void SiteTable::release(std::uint32_t entry) {
  Entry& released = entries_.at(entry);
  if (--released.users != 0) return;
  by_layout_.erase(released.layout);
  released.layout.clear();
  free_.push_back(entry);
}

}  // namespace sdt::kernel
