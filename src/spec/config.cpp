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

bool reads_exe(const Label& label) {
  const auto* attribute = std::get_if<Attribute>(&label.value);
  return attribute != nullptr && *attribute == Attribute::exe;
}

bool asks_exe(const Condition& condition) {
  const auto* strings = std::get_if<StringCondition>(&condition);
  return strings != nullptr && strings->left == StringExpr{Attribute::exe};
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

bool has_process_lifetime(const Metric& metric) {
  return std::any_of(metric.labels.begin(), metric.labels.end(), [](const Label& label) {
    return reads_any_of(label, {Source::pid, Source::tid});
  });
}

bool is_per_process(const Metric& metric) {
  return has_process_lifetime(metric) ||
         std::any_of(metric.labels.begin(), metric.labels.end(), reads_exe) ||
         std::any_of(metric.where.begin(), metric.where.end(), asks_exe);
}

}  // namespace sdt::spec
