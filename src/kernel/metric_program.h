// One metric in the kernel: its BPF program, its maps, its links.
//
// Purpose:   plan::MetricProgram on libbpf.
// Ownership: owns the skeleton (program and maps). Links refer to the site table and hold their own
//            descriptors; they may outlive the program object, as the kernel keeps what they use.
// Thread:    the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernel/features.h"
#include "kernel/program_config.h"
#include "kernel/site_table.h"
#include "plan/backend.h"

struct probe;  // the generated skeleton

namespace sdt::kernel {

/// Maps that every metric's program uses; the descriptors are the backend's.
struct SharedMaps {
  int sites = -1;
  int verdicts = -1;
  int newcomers = -1;
  int scratch = -1;
  int scratch_in_use = -1;
};

class MetricProgramImpl final : public plan::MetricProgram {
 public:
  /// `sites` is shared with the links, which give their entries back.
  [[nodiscard]] static Result<std::unique_ptr<MetricProgramImpl>> load(
      const spec::Metric& metric, std::uint32_t target, const Features& features,
      const SharedMaps& shared, std::shared_ptr<SiteTable> sites);
  ~MetricProgramImpl() override;

  [[nodiscard]] Result<std::unique_ptr<plan::Link>> attach(
      int fd, const std::string& name, std::span<const plan::SelectedSite> sites) override;
  [[nodiscard]] Result<Samples> drain() override;
  [[nodiscard]] Result<Tally> tally() override;
  void forget_keys(std::span<const std::string> keys) override;
  [[nodiscard]] std::uint64_t expire_starts(
      const std::function<bool(const ImageKey&)>& has_ended) override;
  [[nodiscard]] std::uint64_t map_bytes() const override;

 private:
  struct SkeletonDeleter {
    void operator()(struct probe* skeleton) const;
  };
  using Skeleton = std::unique_ptr<struct probe, SkeletonDeleter>;

  MetricProgramImpl(Skeleton skeleton, ProgramConfig config, const Features& features,
                    std::shared_ptr<SiteTable> sites);
  [[nodiscard]] std::uint64_t probe_number(const ProbeName& probe);

  Skeleton skeleton_;
  ProgramConfig config_;
  Features features_;
  std::shared_ptr<SiteTable> sites_;
  std::vector<ProbeName> probes_;  ///< by the number in the cookie
};

}  // namespace sdt::kernel
