#include "metrics/labels.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

#include "metrics/utf8.h"

namespace sdt::metrics {
namespace {

bool is_exe(const auto& expression) {
  const auto* attribute = std::get_if<spec::Attribute>(&expression);
  return attribute != nullptr && *attribute == spec::Attribute::exe;
}

const spec::StringCondition* exe_condition(const spec::Condition& condition) {
  const auto* text = std::get_if<spec::StringCondition>(&condition);
  return text != nullptr && is_exe(text->left) ? text : nullptr;
}

std::string print(const RawLabel& value) {
  if (const auto* number = std::get_if<Int128>(&value)) return to_decimal(*number);
  return to_valid_utf8(std::get<std::string>(value));
}

std::string mapped(const spec::LabelMap& map, std::string value) {
  if (const auto entry = map.values.find(value); entry != map.values.end()) return entry->second;
  return map.fallback.value_or(std::move(value));
}

}  // namespace

LabelValues label_values(const spec::Metric& metric, const std::vector<RawLabel>& recorded,
                         const std::string& exe) {
  LabelValues values;
  values.reserve(metric.labels.size());
  std::size_t next = 0;
  for (const spec::Label& label : metric.labels) {
    std::string value;
    if (const auto* literal = std::get_if<spec::Literal>(&label.value)) {
      value = literal->text;
    } else if (is_exe(label.value)) {
      value = to_valid_utf8(exe);
    } else {
      assert(next < recorded.size());
      value = print(recorded[next++]);
    }
    values.push_back(mapped(label.map, std::move(value)));
  }
  return values;
}

LabelValues other_values(const spec::Metric& metric) {
  return LabelValues(metric.labels.size(), "other");
}

bool admits_exe(const spec::Metric& metric, const std::string& exe) {
  return std::ranges::all_of(metric.where, [&](const spec::Condition& condition) {
    const spec::StringCondition* text = exe_condition(condition);
    return text == nullptr || (text->right == exe) == (text->compare == spec::Compare::eq);
  });
}

bool uses_exe(const spec::Metric& metric) {
  return std::ranges::any_of(metric.labels,
                             [](const spec::Label& label) { return is_exe(label.value); }) ||
         std::ranges::any_of(metric.where, exe_condition);
}

}  // namespace sdt::metrics
