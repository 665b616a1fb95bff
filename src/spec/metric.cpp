#include <array>
#include <set>

#include <fmt/format.h>

#include "spec/buckets.h"
#include "spec/draft.h"
#include "spec/labels.h"
#include "spec/names.h"
#include "spec/reader.h"
#include "spec/source.h"
#include "spec/units.h"
#include "spec/words.h"

namespace sdt::spec {
namespace {

constexpr std::array<std::string_view, 18> metric_keys = {
    "name",  "type",  "help",   "probe",   "start",      "end",
    "inc",   "dec",   "key",    "nesting", "value",      "aggregate",
    "scale", "where", "labels", "buckets", "max_series", "expire_after"};
constexpr std::array<std::string_view, 3> type_names = {"counter", "gauge", "histogram"};

constexpr std::size_t most_start_arguments = 6;  // what the kernel side keeps of a start
constexpr long double seconds_per_nanosecond = 1e-9L;

class MetricReader {
 public:
  MetricReader(const Node& node, Report& report)
      : report_(report), map_(node, "a metric", metric_keys, report) {
    draft_.at = node.at;
    draft_.metric.place = fmt::format("{}:{}", report.file(), node.at.line);
    draft_.metric.fingerprint = canonical(node);
  }

  MetricDraft read() {
    if (!map_.valid()) return std::move(draft_);
    read_name_and_type();
    read_source_and_value();
    read_scale();
    read_where();
    read_label_map();
    read_bounds();
    read_limits();
    advise();
    return std::move(draft_);
  }

 private:
  Metric& metric() { return draft_.metric; }
  [[nodiscard]] bool is_interval() const {
    return source_ && std::holds_alternative<Interval>(*source_);
  }
  [[nodiscard]] bool value_is_elapsed() const { return uses(draft_.metric.value, Source::elapsed); }
  /// As it is, with nothing done to it.
  [[nodiscard]] bool value_is_argument() const {
    const auto& steps = draft_.metric.value.steps;
    const auto* load = steps.size() == 1 ? std::get_if<Load>(&steps.front()) : nullptr;
    return load != nullptr &&
           (load->source == Source::argument || load->source == Source::start_argument);
  }

  void read_name_and_type();
  void read_source_and_value();
  void read_value();
  void read_aggregate();
  void read_scale();
  void read_where();
  void read_label_map();
  void read_bounds();
  void read_limits();
  void advise();
  void check_type_fits_source();
  void check_integer(const IntExpr& expr, const Node& node, std::string_view key);

  Report& report_;
  MapReader map_;
  MetricDraft draft_;
  std::optional<MetricType> type_;
  std::optional<EventSource> source_;
  long double scale_ = 1;
  std::set<std::uint8_t> start_arguments_;
};

void MetricReader::read_name_and_type() {
  if (const Node* node = map_.require("name")) {
    draft_.at = node->at;
    const auto name = read_name(*node, "name", report_);
    if (name) {
      std::string wrong = metric_name_error(*name);
      if (wrong.empty()) {
        metric().name = *name;
      } else {
        report_.error(node->at, std::move(wrong));
      }
    }
  }
  if (const Node* node = map_.require("type")) {
    const auto choice = read_choice(*node, "type", type_names, report_);
    if (choice) type_ = static_cast<MetricType>(*choice);
    metric().type = type_.value_or(MetricType::counter);
  }
  if (const Node* node = map_.find("help")) {
    metric().help = read_text(*node, "help", report_).value_or("");
  }
}

void MetricReader::read_source_and_value() {
  source_ = read_source(map_, report_);
  if (source_) metric().source = *source_;
  check_type_fits_source();
  read_value();
  read_aggregate();
}

void MetricReader::check_type_fits_source() {
  const bool up_down = source_ && std::holds_alternative<UpDown>(*source_);
  if (!up_down || !type_ || *type_ == MetricType::gauge) return;
  report_.error(map_.find("inc")->at, fmt::format("inc + dec make a gauge, not a {}",
                                                  type_names[static_cast<std::size_t>(*type_)]));
}

void MetricReader::read_value() {
  if (const Node* node = map_.find("value")) {
    auto expr = read_integer(*node, "value", report_);
    if (!expr) return;
    check_integer(*expr, *node, "value");
    const auto* constant = std::get_if<Constant>(&expr->steps.front());
    if (type_ == MetricType::counter && expr->steps.size() == 1 && constant != nullptr &&
        constant->value < 0) {
      report_.error(node->at, "value: a counter only grows; a negative value needs a gauge");
    }
    metric().value = *std::move(expr);
    return;
  }
  if (is_interval()) {
    metric().value = IntExpr{{Load{Source::elapsed, 0}}};
    return;
  }
  metric().value = IntExpr{{Constant{1}}};
  const bool single = source_ && std::holds_alternative<SingleProbe>(*source_);
  if (single && type_ && *type_ != MetricType::counter) {
    report_.error(map_.at(),
                  fmt::format("a {} on a single probe needs a \"value\", such as value: arg0",
                              type_names[static_cast<std::size_t>(*type_)]));
  }
}

void MetricReader::read_aggregate() {
  const Node* node = map_.find("aggregate");
  if (node == nullptr) return;
  constexpr std::array<std::string_view, 3> words = {"last", "min", "max"};
  const auto choice = read_choice(*node, "aggregate", words, report_);
  if (choice) metric().aggregate = static_cast<Aggregate>(*choice);
  if (type_ && *type_ != MetricType::gauge) {
    report_.error(node->at, "aggregate only goes with type: gauge");
  } else if (metric().aggregate != Aggregate::last && source_ &&
             std::holds_alternative<UpDown>(*source_)) {
    report_.error(node->at,
                  fmt::format("aggregate: {} only goes with probe, or start + end; inc + dec show "
                              "the level of now",
                              words[*choice]));
  }
}

void MetricReader::read_scale() {
  if (const Node* node = map_.find("scale")) {
    const auto scale = read_quantity(*node, "scale", report_);
    if (scale && *scale > 0) scale_ = *scale;
    if (scale && *scale <= 0) {
      report_.error(node->at, fmt::format("scale must be greater than 0, not {}", node->text));
    }
  }
  metric().keeps_fraction = map_.find("scale") != nullptr && value_is_argument();
  // elapsed counts nanoseconds, and is exported in seconds.
  if (value_is_elapsed()) scale_ *= seconds_per_nanosecond;
  metric().scale = nearest_double(scale_);
}

void MetricReader::read_where() {
  const Node* node = map_.find("where");
  if (node == nullptr) return;
  auto conditions = read_conditions(*node, "where", report_);
  if (!conditions) return;
  if (conditions->size() > Metric::max_conditions) {
    report_.error(node->at, fmt::format("where: {} comparisons, at most {} are possible",
                                        conditions->size(), Metric::max_conditions));
  }
  for (const Condition& condition : *conditions) {
    for (const IntExpr* integer : integers_of(condition)) check_integer(*integer, *node, "where");
  }
  metric().where = *std::move(conditions);
}

void MetricReader::read_label_map() {
  const Node* node = map_.find("labels");
  if (node == nullptr) return;
  metric().labels = read_labels(*node, report_, [this](const Expr& expr, const Node& where) {
    for (const IntExpr* integer : integers_of(expr)) check_integer(*integer, where, "label");
  });
}

void MetricReader::read_bounds() {
  const Node* node = map_.find("buckets");
  if (type_ && *type_ != MetricType::histogram && node != nullptr) {
    report_.error(node->at, "buckets only go with type: histogram");
    return;
  }
  if (type_ == MetricType::histogram) node = map_.require("buckets");
  if (node == nullptr) return;
  if (auto bounds = read_buckets(*node, scale_, metric().keeps_fraction, report_))
    metric().bounds = *std::move(bounds);
}

void MetricReader::read_limits() {
  if (const Node* node = map_.find("max_series")) {
    const auto count = read_count(*node, "max_series", 1, largest_max_series, report_);
    metric().max_series = static_cast<std::uint32_t>(count.value_or(0));
  }
  if (const Node* node = map_.find("expire_after")) {
    metric().expire_after = read_duration(*node, "expire_after", report_);
    if (metric().expire_after == std::chrono::nanoseconds(0)) {
      report_.error(node->at, "expire_after must be longer than 0; leave it out for never");
    }
  }
}

// What only a pair of probes knows, and how much of it can be kept.
void MetricReader::check_integer(const IntExpr& expr, const Node& node, std::string_view key) {
  const auto arguments = arguments_of(expr, Source::start_argument);
  if (source_ && !is_interval()) {
    if (!arguments.empty()) {
      report_.error(node.at, fmt::format("{}: start.arg{} needs a metric with start + end", key,
                                         arguments.front()));
    }
    if (uses(expr, Source::elapsed)) {
      report_.error(node.at, fmt::format("{}: elapsed needs a metric with start + end", key));
    }
    return;
  }
  const std::size_t before = start_arguments_.size();
  start_arguments_.insert(arguments.begin(), arguments.end());
  if (before <= most_start_arguments && start_arguments_.size() > most_start_arguments) {
    report_.error(node.at, fmt::format("{}: a metric can use {} different start.argN in all, this "
                                       "makes {}",
                                       key, most_start_arguments, start_arguments_.size()));
  }
}

void MetricReader::advise() {
  if (metric().name.empty() || !type_) return;
  if (metric().help.empty()) {
    report_.warning(draft_.at, fmt::format("{} has no help text: say what it counts and in which "
                                           "unit",
                                           metric().name));
  }
  const bool is_seconds = value_is_elapsed() && map_.find("scale") == nullptr;
  for (const std::string& advice : metric_name_advice(metric().name, *type_, is_seconds)) {
    report_.warning(draft_.at, fmt::format("{}: {}", metric().name, advice));
  }
}

}  // namespace

MetricDraft read_metric(const Node& node, Report& report) {
  const std::size_t errors = report.errors();
  MetricDraft draft = MetricReader(node, report).read();
  draft.complete = report.errors() == errors;
  return draft;
}

}  // namespace sdt::spec
