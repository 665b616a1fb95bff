#include "metrics/labels.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

#include "metrics/utf8.h"

namespace sdt::metrics {
namespace {

/// What an expression reads of the process; null for other expressions.
const std::string* fact(const auto& expression, const ProcessFacts& facts) {
  const auto* attribute = std::get_if<spec::Attribute>(&expression);
  if (attribute == nullptr) return nullptr;
  switch (*attribute) {
    case spec::Attribute::exe:
      return &facts.exe;
    case spec::Attribute::cgroup:
      return &facts.placement.cgroup;
    case spec::Attribute::unit:
      return &facts.placement.unit;
    case spec::Attribute::container:
      return &facts.placement.container;
    case spec::Attribute::pod:
      return &facts.placement.pod;
    case spec::Attribute::pod_namespace:
      return &facts.placement.pod_namespace;
    case spec::Attribute::container_name:
      return &facts.placement.container_name;
    case spec::Attribute::comm:
    case spec::Attribute::probe:
    case spec::Attribute::provider:
      return nullptr;
  }
  return nullptr;
}

std::string print(const RawLabel& value) {
  if (const auto* number = std::get_if<Int128>(&value)) return to_decimal(*number);
  return to_valid_utf8(std::get<std::string>(value));
}

}  // namespace

LabelValues label_values(const spec::Metric& metric, const std::vector<RawLabel>& recorded,
                         const ProcessFacts& facts) {
  LabelValues values;
  values.reserve(metric.labels.size());
  std::size_t next = 0;
  for (const spec::Label& label : metric.labels) {
    std::string value;
    if (const auto* literal = std::get_if<spec::Literal>(&label.value)) {
      value = literal->text;
    } else if (const std::string* text = fact(label.value, facts)) {
      value = to_valid_utf8(*text);
    } else {
      assert(next < recorded.size());
      value = print(recorded[next++]);
    }
    // A pattern may cut within a character: \C is a byte.
    values.push_back(to_valid_utf8(spec::shown_text(label, std::move(value))));
  }
  return values;
}

LabelValues other_values(const spec::Metric& metric) {
  return LabelValues(metric.labels.size(), "other");
}

bool admits(const spec::Metric& metric, const ProcessFacts& facts) {
  return std::ranges::all_of(metric.where, [&](const spec::Condition& condition) {
    const auto* strings = std::get_if<spec::StringCondition>(&condition);
    const std::string* text = strings == nullptr ? nullptr : fact(strings->left, facts);
    return text == nullptr || (strings->right == *text) == (strings->compare == spec::Compare::eq);
  });
}

}  // namespace sdt::metrics
