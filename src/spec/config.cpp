#include "spec/config.h"

#include <algorithm>

#include <re2/re2.h>

namespace sdt::spec {
namespace {

bool reads_any_of(const Label& label, std::initializer_list<Source> sources) {
  const auto integers = integers_of(label.value);
  return std::any_of(integers.begin(), integers.end(), [sources](const IntExpr* integer) {
    return std::any_of(sources.begin(), sources.end(),
                       [integer](Source source) { return uses(*integer, source); });
  });
}

bool reads_attribute(const Metric& metric, bool (*is_one)(Attribute)) {
  const auto is_read = [&](const auto& expression) {
    const auto* attribute = std::get_if<Attribute>(&expression);
    return attribute != nullptr && is_one(*attribute);
  };
  const auto asks = [&](const Condition& condition) {
    const auto* strings = std::get_if<StringCondition>(&condition);
    return strings != nullptr && is_read(strings->left);
  };
  return std::any_of(metric.labels.begin(), metric.labels.end(),
                     [&](const Label& label) { return is_read(label.value); }) ||
         std::any_of(metric.where.begin(), metric.where.end(), asks);
}

}  // namespace

tl::expected<Regex, std::string> Regex::compile(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_shared<const re2::RE2>(pattern, options);
  if (!compiled->ok()) return tl::unexpected(compiled->error());
  return Regex(std::move(compiled));
}

bool Regex::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

const std::string& Regex::text() const {
  return compiled_->pattern();
}

std::string shown_text(const Label& label, std::string printed) {
  if (label.rewrite) {
    if (auto rewritten = label.rewrite->apply(printed)) return *std::move(rewritten);
  }
  const auto entry = label.map.values.find(printed);
  if (entry != label.map.values.end()) return entry->second;
  return label.map.fallback.value_or(std::move(printed));
}

bool has_process_lifetime(const Metric& metric) {
  return std::any_of(metric.labels.begin(), metric.labels.end(), [](const Label& label) {
    return reads_any_of(label, {Source::pid, Source::tid});
  });
}

bool reads_process_facts(const Metric& metric) {
  return reads_attribute(metric, is_of_process);
}

bool reads_placement(const Metric& metric) {
  return reads_attribute(metric, is_of_placement);
}

bool is_per_process(const Metric& metric) {
  return has_process_lifetime(metric) || reads_process_facts(metric);
}

}  // namespace sdt::spec
