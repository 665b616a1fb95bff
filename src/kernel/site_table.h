// The shared array of argument layouts that attach cookies point into.
//
// Purpose:   give every distinct layout one entry, however many sites, files and metrics have it,
//            and free entries that no link uses any more.
// Ownership: shared by the links; the map's descriptor is the backend's.
// Thread:    the loop.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "bpf/abi.h"

namespace sdt::kernel {

class SiteTable {
 public:
  /// `map_fd` is an array of `capacity` sdt_site and must stay open as long as this object.
  SiteTable(int map_fd, std::uint32_t capacity) : map_fd_(map_fd), capacity_(capacity) {}

  /// The entry of a layout, written when it is new. Each acquire needs one release.
  [[nodiscard]] Result<std::uint32_t> acquire(const sdt_site& site);
  /// Takes a share in an entry that was written by somebody who had this map before.
  [[nodiscard]] Status adopt(std::uint32_t entry);
  void release(std::uint32_t entry);

  [[nodiscard]] std::size_t used() const { return by_layout_.size(); }
  /// How many sites the links hold, each as often as it is attached.
  [[nodiscard]] std::size_t sites() const { return sites_; }

 private:
  struct Entry {
    std::string layout;
    std::uint32_t users = 0;
  };
  int map_fd_;
  std::uint32_t capacity_;
  std::size_t sites_ = 0;
  std::map<std::string, std::uint32_t> by_layout_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
};

}  // namespace sdt::kernel
