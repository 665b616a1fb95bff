// The page `/`.
#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "expose/html.h"
#include "expose/page_parts.h"
#include "expose/readable.h"
#include "expose/targets_page.h"

namespace sdt::expose {
namespace {

struct Column {
  std::string_view name;
  std::string html;
};

std::array<Column, 5> columns_of(const TargetView& target) {
  return {{{"processes", readable(target.processes.total)},
           {"attached", fmt::format("{} of {}", attached_metrics(target), target.metrics.size())},
           {"hits", per_second(hits_per_second(target))},
           {"CPU time", share_of_cpu(cpu_share(target))},
           {"lost events", readable(lost_events(target))}}};
}

/// On a phone the cells are lines of their own, each with its name.
std::string row(const TargetView& target) {
  const std::string name = escaped(target.name);
  std::string out = fmt::format(
      "<tr><th scope=\"row\"><a href=\"/targets#{0}\">{0}</a></th><td><span>{1}</span></td>", name,
      state_badge(target));
  for (const auto& [column, html] : columns_of(target)) {
    fmt::format_to(std::back_inserter(out),
                   "<td class=\"number\" data-name=\"{}\"><span>{}</span></td>", column, html);
  }
  return out + "</tr>\n";
}

std::string table(const TargetsView& view) {
  if (view.targets.empty()) return "<p>The config has no targets.</p>\n";
  std::string out =
      "<table class=\"lines\">\n<thead><tr><th scope=\"col\">target</th><th "
      "scope=\"col\">state</th>";
  for (const auto& [column, html] : columns_of(view.targets.front())) {
    fmt::format_to(std::back_inserter(out), "<th scope=\"col\" class=\"number\">{}</th>", column);
  }
  out += "</tr></thead>\n<tbody>\n";
  const std::size_t shown = std::min(most_on_a_page, view.targets.size());
  for (std::size_t i = 0; i < shown; ++i) out += row(view.targets[i]);
  return out + "</tbody>\n</table>\n" + and_more(view.targets.size() - shown, "target", "targets");
}

}  // namespace

std::string overview_page(const TargetsView& view) {
  std::string body =
      "<h1>sdt_exporter</h1>\n"
      "<p class=\"lead\">Prometheus metrics from the static (USDT) probes of running "
      "programs.</p>\n"
      "<section class=\"card\" aria-label=\"Targets\">\n" +
      table(view) + "</section>\n<section class=\"card\" aria-label=\"Links\">\n<ul>\n" +
      fmt::format("<li><a href=\"{}\">Metrics</a>: what Prometheus scrapes</li>\n",
                  escaped(view.telemetry_path)) +
      "<li><a href=\"/targets\">Targets</a>: what is traced, what it costs, what was lost</li>\n"
      "<li><a href=\"/api/v1/targets\">Targets as JSON</a></li>\n"
      "<li><a href=\"/-/healthy\">Health</a>: the daemon runs</li>\n"
      "<li><a href=\"/-/ready\">Readiness</a>: the first search for probes is done</li>\n"
      "</ul>\n</section>\n";
  return to_html(Page{.title = "sdt_exporter",
                      .path = "/",
                      .telemetry_path = view.telemetry_path,
                      .version = view.version,
                      .body = std::move(body)});
}

}  // namespace sdt::expose
