#include "expose/page_parts.h"

#include <algorithm>

#include <fmt/format.h>

#include "expose/readable.h"

namespace sdt::expose {
namespace {

constexpr std::string_view not_known = R"(<span class="soft">not known yet</span>)";

std::string badge(std::string_view colour, std::string_view words) {
  return fmt::format("<span class=\"state {}\">{}</span>", colour, words);
}

}  // namespace

std::string fact(std::string_view name, std::string_view html) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, html);
}

std::string state_badge(AttachState state) {
  switch (state) {
    case AttachState::attached:
      return badge("good", "attached");
    case AttachState::waiting:
      return badge("wait", "waiting");
    case AttachState::failed:
      return badge("bad", "not attached");
    case AttachState::tripped:
      return badge("bad", "tripped");
  }
  return "";
}

std::string state_badge(const TargetView& target) {
  const bool has_trouble = std::ranges::any_of(target.metrics, [](const MetricView& metric) {
    return metric.state == AttachState::failed || metric.state == AttachState::tripped;
  });
  if (has_trouble) return badge("bad", "in trouble");
  return target.is_waiting ? badge("wait", "waiting") : badge("good", "counting");
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", readable(count), count == 1 ? one : many);
}

std::string and_more(std::uint64_t left_out, std::string_view one, std::string_view many) {
  if (left_out == 0) return "";
  return fmt::format("<p class=\"soft\">and {} more {}</p>\n", readable(left_out),
                     left_out == 1 ? one : many);
}

std::string per_second(std::optional<double> rate) {
  return rate ? readable(*rate) + "/s" : std::string(not_known);
}

std::string share_of_cpu(std::optional<double> share) {
  return share ? readable_share(*share) : std::string(not_known);
}

std::uint64_t attached_metrics(const TargetView& target) {
  return static_cast<std::uint64_t>(
      std::ranges::count(target.metrics, AttachState::attached, &MetricView::state));
}

std::uint64_t lost_events(const TargetView& target) {
  std::uint64_t lost = 0;
  for (const MetricView& metric : target.metrics) lost += lost_events(metric);
  return lost;
}

}  // namespace sdt::expose
