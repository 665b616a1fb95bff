#include "expose/targets_page.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "expose/html.h"
#include "expose/metric_card.h"
#include "expose/page_parts.h"
#include "expose/readable.h"

namespace sdt::expose {
namespace {

constexpr unsigned refresh_seconds = 5;
constexpr std::string_view refresh_query = "refresh=5";

std::string budget(const TargetView& target) {
  const spec::Budget& budget = target.budget;
  const auto used = cpu_share(target);
  std::string out = share_of_cpu(used);
  if (budget.cpu) {
    out += fmt::format(" of {}", readable_share(*budget.cpu));
    if (used) {
      out += fmt::format(
          " <meter min=\"0\" max=\"100\" low=\"50\" high=\"80\" optimum=\"0\" value=\"{0:.0f}\" "
          "aria-label=\"used of the budget\">{0:.0f} %</meter>",
          std::min(100.0, 100 * *used / *budget.cpu));
    }
  } else {
    out += ", no limit";
  }
  return out;
}

std::string hits(const TargetView& target) {
  std::string out = per_second(hits_per_second(target));
  if (target.budget.hits_per_second) {
    out += fmt::format(" of {}/s", readable(*target.budget.hits_per_second));
  }
  return out;
}

std::string processes(const TargetView& target) {
  if (target.processes.total == 0) return "<p class=\"soft\">No process matches.</p>\n";
  std::string out = fmt::format(
      "<details>\n<summary>{}</summary>\n<div class=\"wide\"><table>\n<thead><tr>"
      "<th scope=\"col\">pid</th><th scope=\"col\">name</th><th scope=\"col\">executable</th>"
      "</tr></thead>\n<tbody>\n",
      counted(target.processes.total, "process", "processes"));
  for (const ProcessView& process : target.processes.shown) {
    fmt::format_to(std::back_inserter(out),
                   "<tr><td>{}</td><td><code>{}</code></td><td class=\"path\">{}</td></tr>\n",
                   process.pid, escaped(process.comm), escaped(process.exe));
  }
  return out + "</tbody>\n</table></div>\n" +
         and_more(target.processes.left_out(), "process", "processes") + "</details>\n";
}

/// With at most so many metrics, of which the number shown is taken off.
std::string section(const TargetView& target, std::size_t& room) {
  const std::string name = escaped(target.name);
  std::string out = fmt::format(
      "<section class=\"target\" id=\"{0}\" aria-labelledby=\"{0}-name\">\n"
      "<div class=\"head\"><h2 id=\"{0}-name\">{0}</h2>{1}</div>\n<dl class=\"facts\">\n",
      name, state_badge(target));
  out += fact("metrics attached",
              fmt::format("{} of {}", attached_metrics(target), target.metrics.size()));
  out += fact("hits", hits(target));
  out += fact("CPU time, estimated", budget(target));
  out += fact("lost events", readable(lost_events(target)));
  out += "</dl>\n" + processes(target) + "<div class=\"cards\">\n";
  const std::size_t shown = std::min(room, target.metrics.size());
  for (std::size_t i = 0; i < shown; ++i) out += metric_card(target.metrics[i]);
  room -= shown;
  return out + "</div>\n" + and_more(target.metrics.size() - shown, "metric", "metrics") +
         "</section>\n";
}

}  // namespace

std::string targets_page(const TargetsView& view, std::string_view query) {
  const bool is_refreshing = query == refresh_query;
  const auto age = std::chrono::duration<double>(view.age).count();
  std::string body = fmt::format(
      "<h1>Targets</h1>\n<p class=\"lead\">{}, counted {:.1f} s ago. <a "
      "href=\"/targets{}\">{}</a></p>\n",
      counted(view.targets.size(), "target", "targets"), age,
      is_refreshing ? "" : fmt::format("?{}", refresh_query),
      is_refreshing ? "Stop refreshing" : fmt::format("Refresh every {} s", refresh_seconds));
  if (view.targets.empty()) body += "<p>The config has no targets.</p>\n";
  std::size_t room = most_on_a_page;
  std::size_t left_out = 0;
  for (const TargetView& target : view.targets) {
    if (room == 0) {
      ++left_out;
    } else {
      body += section(target, room);
    }
  }
  body += and_more(left_out, "target", "targets");
  return to_html(Page{.title = "Targets · sdt_exporter",
                      .path = "/targets",
                      .telemetry_path = view.telemetry_path,
                      .version = view.version,
                      .refresh_seconds = is_refreshing ? refresh_seconds : 0,
                      .body = std::move(body)});
}

}  // namespace sdt::expose
