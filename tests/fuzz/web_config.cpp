// Web config files. Nothing they name is opened here.
#include <string>

#include "diagnostics.h"
#include "expose/web_config.h"
#include "fuzz.h"
#include "spec/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sdt;
  const std::string text(fuzz::Input(data, size).rest());
  spec::Report report("fuzz.yaml");
  const expose::WebConfig config = expose::parse_web_config("/etc/fuzz.yaml", text, report);
  const bool is_valid = report.errors() == 0;
  for (const spec::Diagnostic& diagnostic : report.take()) {
    fuzz::check_diagnostic(diagnostic, text);
  }
  if (!is_valid) return 0;
  for (const auto& [name, value] : config.headers) {
    fuzz::must(value.find_first_of("\r\n") == std::string::npos, "a header is one line");
    fuzz::must(!name.empty(), "a header has a name");
  }
  return 0;
}
