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
    ++sites_;
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
  ++sites_;
  return entry;
}

Status SiteTable::adopt(std::uint32_t entry) {
  if (entry >= capacity_) return fail(Errc::invalid, "no such entry in the table of sites");
  while (entries_.size() <= entry) {
    free_.push_back(static_cast<std::uint32_t>(entries_.size()));
    entries_.emplace_back();
  }
  if (entries_[entry].users > 0) {
    ++entries_[entry].users;
    ++sites_;
    return {};
  }
  sdt_site site{};
  if (bpf_map_lookup_elem(map_fd_, &entry, &site) != 0) {
    return fail_errno(errno, "reading a site's argument layout from its BPF map");
  }
  std::erase(free_, entry);
  entries_[entry] = {std::string(reinterpret_cast<const char*>(&site), sizeof site), 1};
  by_layout_.emplace(entries_[entry].layout, entry);
  ++sites_;
  return {};
}

void SiteTable::release(std::uint32_t entry) {
  Entry& released = entries_.at(entry);
  --sites_;
  if (--released.users != 0) return;
  by_layout_.erase(released.layout);
  released.layout.clear();
  free_.push_back(entry);
}

}  // namespace sdt::kernel
