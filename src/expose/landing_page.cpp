#include "expose/landing_page.h"

#include <fmt/format.h>

namespace sdt::expose {
namespace {

constexpr std::string_view style = R"(:root { color-scheme: light dark; }
body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif;
       color: #1d2430; background: #ffffff; }
a { color: #0b57a4; }
.version { color: #5a6475; }
@media (prefers-color-scheme: dark) {
  body { color: #e3e7ee; background: #14181f; }
  a { color: #8ab8ff; }
  .version { color: #9aa5b8; }
})";

constexpr std::string_view page = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>sdt_exporter</title>
<style>
{style}
</style>
</head>
<body>
<h1>sdt_exporter</h1>
<p>Prometheus metrics from the static (USDT) probes of running programs.
<span class="version">Version {version}</span></p>
<ul>
<li><a href="{metrics}">Metrics</a>: what Prometheus scrapes</li>
<li><a href="/-/healthy">Health</a>: the daemon runs</li>
<li><a href="/-/ready">Readiness</a>: the first search for probes is done</li>
</ul>
</body>
</html>
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::string landing_page(std::string_view version, std::string_view telemetry_path) {
  return fmt::format(page, fmt::arg("style", style), fmt::arg("version", escaped(version)),
                     fmt::arg("metrics", escaped(telemetry_path)));
}

}  // namespace sdt::expose
