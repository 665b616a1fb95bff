// plan::Backend on the running kernel.
//
// Purpose:   owns what all metrics' programs share: the site table, the process verdicts, the
//            scratch memory.
// Ownership: owns the shared maps; must outlive the programs it loads.
// Thread:    the loop.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

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
  [[nodiscard]] static Result<std::unique_ptr<KernelBackend>> create(const Features& features);

  /// Routes libbpf's messages. Process-wide, as libbpf's own hook is.
  static void set_log(LogSink sink);

  [[nodiscard]] Result<std::unique_ptr<plan::MetricProgram>> load(
      std::uint32_t target, const spec::Metric& metric) override;
  [[nodiscard]] Result<std::vector<plan::Newcomer>> newcomers() override;
  [[nodiscard]] Status judge(std::uint32_t target, const ImageKey& image,
                             plan::Verdict verdict) override;
  void dismiss(std::uint32_t target, const ImageKey& image) override;
  void forget(std::uint32_t target, const ImageKey& image) override;

 private:
  explicit KernelBackend(const Features& features) : features_(features) {}

  Features features_;
  UniqueFd sites_map_;
  UniqueFd verdicts_;
  UniqueFd newcomers_;
  UniqueFd scratch_;
  UniqueFd scratch_in_use_;
  std::shared_ptr<SiteTable> sites_;
};

}  // namespace sdt::kernel
