// plan::Backend on the running kernel.
//
// Purpose:   owns what all metrics' programs share: the site table, the process verdicts, the
//            scratch memory.
// Ownership: owns the shared maps; must outlive the programs it loads.
// Thread:    the loop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/features.h"
#include "kernel/site_table.h"
#include "plan/backend.h"

namespace sdt::kernel {

/// Lines that libbpf and the verifier have to say; `warning` or else debug.
using LogSink = std::function<void(bool warning, std::string_view line)>;

class KernelBackend final : public plan::Backend {
 public:
  /// With the maps of an earlier run, if those are whole and of this very version; else with new
  /// ones.
  [[nodiscard]] static Result<std::unique_ptr<KernelBackend>> create(const Features& features,
                                                                     plan::Adopted adopted = {});
  /// Programs of the earlier run can be adopted as well: these are the maps that they use.
  [[nodiscard]] bool is_adopted() const { return is_adopted_; }

  /// Routes libbpf's messages. Process-wide, as libbpf's own hook is.
  static void set_log(LogSink sink);

  [[nodiscard]] const Features& features() const { return features_; }
  [[nodiscard]] bool may_use_five_byte_nops() const override {
    return features_.trial.five_byte_nops_are_safe;
  }
  [[nodiscard]] Result<std::unique_ptr<plan::MetricProgram>> load(
      std::uint32_t target, const spec::Metric& metric) override;
  [[nodiscard]] Result<std::unique_ptr<plan::MetricProgram>> adopt(std::uint32_t target,
                                                                   const spec::Metric& metric,
                                                                   plan::Adopted adopted) override;
  [[nodiscard]] std::vector<plan::Handle> handles() const override;
  [[nodiscard]] std::string notes() const override;
  [[nodiscard]] Result<std::vector<plan::Judgement>> judgements() override;
  [[nodiscard]] std::chrono::nanoseconds trap_cost() const override { return features_.trap_cost; }
  [[nodiscard]] Result<UniqueFd> measure_runs() override;
  [[nodiscard]] bool are_runs_measured() const override;
  [[nodiscard]] Result<std::vector<plan::Newcomer>> newcomers() override;
  [[nodiscard]] Status judge(std::uint32_t target, const ImageKey& image,
                             plan::Verdict verdict) override;
  void dismiss(std::uint32_t target, const ImageKey& image) override;
  void forget(std::uint32_t target, const ImageKey& image) override;

 private:
  explicit KernelBackend(const Features& features) : features_(features) {}

  [[nodiscard]] Status make_maps();
  [[nodiscard]] bool adopt_maps(plan::Adopted adopted);

  Features features_;
  bool is_adopted_ = false;
  UniqueFd sites_map_;
  UniqueFd verdicts_;
  UniqueFd newcomers_;
  UniqueFd scratch_;
  UniqueFd scratch_in_use_;
  std::shared_ptr<SiteTable> sites_;
};

}  // namespace sdt::kernel
