#include "kernel/uprobe_link.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/pack.h"
#include "kernel/bpf_call.h"

namespace sdt::kernel {
namespace {

/// What the kernel's errno means when attaching uprobes, and what to do about it.
Error attach_error(int error, const std::string& name, std::size_t sites) {
  const std::string doing =
      fmt::format("attach {} site{} of {}", sites, sites == 1 ? "" : "s", name);
  auto failure = fail_errno(error, doing).value();
  if (error == EINVAL) {
    failure.code = Errc::busy;
    failure.message +=
        ": another tracer may hold one of these probes with another semaphore, or the file is not "
        "what its notes say; "
        "it will be tried again";
  } else if (error == EPERM || error == EACCES) {
    failure.message +=
        ": uprobe_multi takes CAP_BPF and CAP_PERFMON, perf uprobes take CAP_SYS_ADMIN";
  } else if (error == ENOTSUP || error == EOPNOTSUPP) {
    failure.message += ": an instruction that cannot carry a uprobe";
  }
  return failure;
}

class MultiLink final : public plan::Link {
 public:
  MultiLink(UniqueFd link, SiteEntries entries)
      : entries_(std::move(entries)), link_(std::move(link)), left_(entries_.entries().size()) {}

  void close() override {
    link_ = UniqueFd();
    left_ = 0;
  }
  [[nodiscard]] std::size_t sites_left() const override { return left_; }
  [[nodiscard]] std::vector<plan::Handle> handles() const override {
    return {{"link", link_.get()}};
  }
  [[nodiscard]] std::string notes() const override { return pack(entries_.entries()); }

 private:
  SiteEntries entries_;  // given back after the link is closed: members go in reverse order
  UniqueFd link_;
  std::atomic<std::size_t> left_;
};

struct LinkDestroyer {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using LinkPtr = std::unique_ptr<bpf_link, LinkDestroyer>;

class PerfLink final : public plan::Link {
 public:
  PerfLink(std::vector<LinkPtr> links, SiteEntries entries)
      : entries_(std::move(entries)), links_(std::move(links)), left_(links_.size()) {}
  PerfLink(const PerfLink&) = delete;
  PerfLink& operator=(const PerfLink&) = delete;
  ~PerfLink() override { detach(); }

  void close() override { detach(); }
  [[nodiscard]] std::size_t sites_left() const override { return left_; }
  // A descriptor for each site: more than would be kept for us.
  [[nodiscard]] std::vector<plan::Handle> handles() const override { return {}; }
  [[nodiscard]] std::string notes() const override { return {}; }

 private:
  // Each close waits in the kernel for about 0.1 s; side by side, what can overlap does.
  void detach() {
    constexpr std::size_t most_threads = 64;
    const std::size_t count = std::min(links_.size(), most_threads);
    std::vector<std::jthread> closers;
    std::size_t first = 1;
    try {
      for (; first < count; ++first) {
        closers.emplace_back([this, first, count] { close_every(first, count); });
      }
    } catch (const std::system_error&) {
      // No more threads to be had: the rest is closed here, one after the other.
      for (; first < count; ++first) close_every(first, count);
    }
    if (count > 0) close_every(0, count);
    closers.clear();  // waits for them
    links_.clear();
  }
  void close_every(std::size_t first, std::size_t step) {
    for (std::size_t i = first; i < links_.size(); i += step) {
      links_[i].reset();
      --left_;
    }
  }

  SiteEntries entries_;
  std::vector<LinkPtr> links_;
  std::atomic<std::size_t> left_;
};

}  // namespace

Result<std::unique_ptr<plan::Link>> attach_multi(int program_fd, const std::string& path,
                                                 const std::string& name,
                                                 const AttachPoints& points, SiteEntries entries) {
  MultiLinkResult made = create_uprobe_multi_link(
      program_fd, path, {points.offsets, points.semaphore_offsets, points.cookies});
  if (made.error != 0) return tl::unexpected(attach_error(made.error, name, points.offsets.size()));
  return multi_link(std::move(made.link), std::move(entries));
}

std::unique_ptr<plan::Link> multi_link(UniqueFd link, SiteEntries entries) {
  return std::make_unique<MultiLink>(std::move(link), std::move(entries));
}

Status allow_perf_sites(std::size_t held, std::size_t wanted) {
  if (held + wanted <= most_perf_sites) return {};
  return fail(
      Errc::exhausted,
      fmt::format("{} sites, with {} attached already: before kernel 6.6 each takes the kernel up "
                  "to 0.1 s to let go of, so that no more than {} are attached at one time; "
                  "narrow the probe's pattern",
                  wanted, held, most_perf_sites));
}

Result<std::unique_ptr<plan::Link>> attach_perf(const bpf_program* program, const std::string& path,
                                                const std::string& name, const AttachPoints& points,
                                                SiteEntries entries) {
  std::vector<LinkPtr> links;
  links.reserve(points.offsets.size());
  for (std::size_t i = 0; i < points.offsets.size(); ++i) {
    bpf_uprobe_opts options{};
    options.sz = sizeof options;
    options.ref_ctr_offset = points.semaphore_offsets[i];
    options.bpf_cookie = points.cookies[i];
    LinkPtr link(
        bpf_program__attach_uprobe_opts(program, -1, path.c_str(), points.offsets[i], &options));
    if (!link) {
      Error failure = attach_error(errno, name, points.offsets.size());
      PerfLink undo(std::move(links), std::move(entries));
      return tl::unexpected(std::move(failure));
    }
    links.push_back(std::move(link));
  }
  return std::make_unique<PerfLink>(std::move(links), std::move(entries));
}

}  // namespace sdt::kernel
