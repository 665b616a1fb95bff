// Config files. Every mistake must have a place that is in the file.
#include <string>
#include <vector>

#include "diagnostics.h"
#include "fuzz.h"
#include "spec/load.h"

namespace sdt::fuzz {
namespace {

void check_config(const spec::Config& config) {
  for (const spec::Target& target : config.targets) {
    must(!target.name.empty(), "a target has a name");
    for (const spec::Metric& metric : target.metrics) {
      must(!metric.name.empty(), "a metric has a name");
      must(metric.max_series > 0, "a metric has a cap");
      must(!metric.fingerprint.empty(), "a metric has a fingerprint");
    }
  }
}

}  // namespace
}  // namespace sdt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sdt;
  const std::vector<spec::SourceText> sources{
      {"fuzz.yaml", std::string(fuzz::Input(data, size).rest())}};
  const spec::LoadResult result = spec::load(sources);
  for (const spec::Diagnostic& diagnostic : result.diagnostics) {
    fuzz::check_diagnostic(diagnostic, sources[0].text);
  }
  if (result.ok()) fuzz::check_config(result.config);
  return 0;
}
