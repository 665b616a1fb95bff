// Config files. Every mistake must have a place that is in the file.
#include <string>
#include <vector>

#include "fuzz.h"
#include "spec/load.h"

namespace sdt::fuzz {
namespace {

using spec::Diagnostic;
using spec::LoadResult;

/// Whether the place is a byte of the file or the end of one of its lines.
bool is_inside(const Diagnostic& diagnostic, std::string_view text) {
  if (diagnostic.line < 1 || diagnostic.column < 1) return false;
  for (int line = 1; line < diagnostic.line; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  const std::string_view line = text.substr(0, text.find('\n'));
  return static_cast<std::size_t>(diagnostic.column) <= line.size() + 1;
}

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
    fuzz::must(!diagnostic.message.empty(), "a diagnostic says what is wrong");
    fuzz::must(fuzz::is_inside(diagnostic, sources[0].text), "a diagnostic points into the file");
  }
  if (result.ok()) fuzz::check_config(result.config);
  return 0;
}
