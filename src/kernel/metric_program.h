// One metric in the kernel: its BPF program, its maps, its links.
//
// Purpose:   plan::MetricProgram on libbpf.
// Ownership: owns the descriptors of program and maps. Links refer to the site table and hold their
// own
//            descriptors; they may outlive the program object, as the kernel keeps what they use.
// Thread:    the loop.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
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

  /// Errc::unsupported when load() would make another program than the one that is handed over.
  [[nodiscard]] static Result<std::unique_ptr<MetricProgramImpl>> adopt(
      const spec::Metric& metric, std::uint32_t target, const Features& features,
      std::shared_ptr<SiteTable> sites, plan::Adopted adopted);

  [[nodiscard]] Result<std::unique_ptr<plan::Link>> attach(
      int fd, const std::string& name, std::span<const plan::SelectedSite> sites) override;
  [[nodiscard]] Result<std::unique_ptr<plan::Link>> adopt(plan::Adopted adopted) override;
  [[nodiscard]] std::vector<plan::Handle> handles() const override;
  [[nodiscard]] std::string notes() const override;
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

  /// The metric's own. Those it has no use for are not open.
  struct Descriptors {
    UniqueFd program;
    UniqueFd series;
    UniqueFd other;
    UniqueFd spills;
    UniqueFd tally;
    UniqueFd hits;
    UniqueFd pairs;
    UniqueFd thread_starts;
    UniqueFd thread_stacks;
    /// With the names under which they are handed over.
    template <class Self>
    [[nodiscard]] static auto named(Self& self) {
      return std::array{
          std::pair{"program", &self.program},      std::pair{"series", &self.series},
          std::pair{"other", &self.other},          std::pair{"spills", &self.spills},
          std::pair{"tally", &self.tally},          std::pair{"hits", &self.hits},
          std::pair{"pairs", &self.pairs},          std::pair{"starts", &self.thread_starts},
          std::pair{"stacks", &self.thread_stacks},
      };
    }
  };
  [[nodiscard]] static Result<Descriptors> descriptors_of(const struct probe& skeleton);

  MetricProgramImpl(ProgramConfig config, Descriptors descriptors, const Features& features,
                    std::shared_ptr<SiteTable> sites);
  [[nodiscard]] std::uint64_t probe_number(const ProbeName& probe);

  Skeleton skeleton_;  ///< kept for perf uprobes alone, which libbpf attaches
  ProgramConfig config_;
  Descriptors descriptors_;
  Features features_;
  std::shared_ptr<SiteTable> sites_;
  std::vector<ProbeName> probes_;  ///< by the number in the cookie
};

}  // namespace sdt::kernel
