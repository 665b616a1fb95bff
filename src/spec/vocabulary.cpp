#include "spec/vocabulary.h"

#include <algorithm>

#include <fmt/format.h>

#include "spec/units.h"

namespace sdt::spec::vocabulary {
namespace {

constexpr std::array<std::pair<std::string_view, Attribute>, 10> attributes = {{
    {"comm", Attribute::comm},
    {"exe", Attribute::exe},
    {"probe", Attribute::probe},
    {"provider", Attribute::provider},
    {"cgroup", Attribute::cgroup},
    {"unit", Attribute::unit},
    {"container", Attribute::container},
    {"pod", Attribute::pod},
    {"namespace", Attribute::pod_namespace},
    {"container_name", Attribute::container_name},
}};

constexpr std::array<std::pair<std::string_view, Source>, 7> plain_sources = {{
    {"elapsed", Source::elapsed},
    {"pid", Source::pid},
    {"tid", Source::tid},
    {"uid", Source::uid},
    {"gid", Source::gid},
    {"cpu", Source::cpu},
    {"nsecs", Source::nsecs},
}};

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::optional<IntType> int_type(std::string_view name) {
  const auto found = std::find(type_names.begin(), type_names.end(), name);
  if (found == type_names.end()) return std::nullopt;
  const auto index = static_cast<unsigned>(found - type_names.begin());
  return IntType{static_cast<std::uint8_t>(1U << (index % 4)), index < 4};
}

std::optional<Attribute> attribute(std::string_view name) {
  for (const auto& [known, value] : attributes) {
    if (known == name) return value;
  }
  return std::nullopt;
}

bool is_text_name(std::string_view name) {
  return name == "str" || attribute(name);
}

tl::expected<std::optional<Load>, std::string> source(std::string_view name) {
  for (const auto& [known, value] : plain_sources) {
    if (known == name) return Load{value, 0};
  }
  constexpr std::string_view start = "start.";
  const bool at_start = name.starts_with(start);
  std::string_view digits = at_start ? name.substr(start.size()) : name;
  if (!digits.starts_with("arg") || !all_digits(digits.substr(3))) return std::nullopt;
  digits.remove_prefix(3);
  const std::int64_t index = parse_count(digits, most_arguments - 1);
  if (index < 0 || (digits.size() > 1 && digits[0] == '0')) {
    return tl::unexpected(fmt::format(
        "there is no {}: a probe has at most {} arguments, {}arg0 to "
        "{}arg{}",
        name, most_arguments, at_start ? start : "", at_start ? start : "", most_arguments - 1));
  }
  return Load{at_start ? Source::start_argument : Source::argument,
              static_cast<std::uint8_t>(index)};
}

}  // namespace sdt::spec::vocabulary
