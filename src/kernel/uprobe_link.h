// Attaching a program to the sites of one file, by either of the kernel's two ways.
//
// Purpose:   plan::Link over a uprobe_multi link, or over one perf-event uprobe for each site.
// Ownership: owns the kernel's link descriptors (O_CLOEXEC) and a share of the site table's
//            entries.
// Thread:    the loop; detaching perf links uses short-lived threads, because the kernel takes 0.1
//            s for each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/site_table.h"
#include "plan/backend.h"

struct bpf_program;

namespace sdt::kernel {

/// A share of the site table, given back when it goes.
class SiteEntries {
 public:
  explicit SiteEntries(std::shared_ptr<SiteTable> table) : table_(std::move(table)) {}
  SiteEntries(SiteEntries&&) noexcept = default;
  SiteEntries& operator=(SiteEntries&&) = delete;
  SiteEntries(const SiteEntries&) = delete;
  SiteEntries& operator=(const SiteEntries&) = delete;
  ~SiteEntries() {
    for (const std::uint32_t entry : entries_) table_->release(entry);
  }

  [[nodiscard]] Result<std::uint32_t> acquire(const sdt_site& site) {
    auto entry = table_->acquire(site);
    if (entry) entries_.push_back(*entry);
    return entry;
  }
  /// Of a link that had this entry before this table was made.
  [[nodiscard]] Status adopt(std::uint32_t entry) {
    auto status = table_->adopt(entry);
    if (status) entries_.push_back(entry);
    return status;
  }
  [[nodiscard]] const std::vector<std::uint32_t>& entries() const { return entries_; }

 private:
  std::shared_ptr<SiteTable> table_;
  std::vector<std::uint32_t> entries_;
};

/// What is attached: three columns of equal length.
struct AttachPoints {
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint64_t> semaphore_offsets;
  std::vector<std::uint64_t> cookies;
};

/// How many sites perf events may hold at one time. The kernel takes 35 to 100 ms to let go of
/// each, one after the other, and does so even for a process that was killed: these are minutes
/// already.
constexpr std::size_t most_perf_sites = 4096;

/// Errc::exhausted when `wanted` more sites than the `held` ones would be too many.
[[nodiscard]] Status allow_perf_sites(std::size_t held, std::size_t wanted);

/// `path` leads to the file (/proc/self/fd/N), `name` is what people call it.
[[nodiscard]] Result<std::unique_ptr<plan::Link>> attach_multi(int program_fd,
                                                               const std::string& path,
                                                               const std::string& name,
                                                               const AttachPoints& points,
                                                               SiteEntries entries);
/// A link that attach_multi() made, in this run of the daemon or an earlier one.
[[nodiscard]] std::unique_ptr<plan::Link> multi_link(UniqueFd link, SiteEntries entries);
[[nodiscard]] Result<std::unique_ptr<plan::Link>> attach_perf(const bpf_program* program,
                                                              const std::string& path,
                                                              const std::string& name,
                                                              const AttachPoints& points,
                                                              SiteEntries entries);

}  // namespace sdt::kernel
