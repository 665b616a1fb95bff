#include "spec/yaml.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace sdt::spec {
namespace {

// Aliases are copied, so that a small file could ask for an endless tree. A real configuration of
// 1,000 metrics stays below 50,000 nodes and 10 levels.
constexpr std::size_t most_nodes = 500'000;
constexpr int deepest = 64;

struct TooMuch {
  Place at;
  std::string message;
};

std::vector<std::string_view> lines_of(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::vector<std::string_view> lines;
  for (;;) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

Place place_of(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

class Converter {
 public:
  explicit Converter(std::string_view text) : lines_(lines_of(text)) {}

  Node convert(const YAML::Node& from, Place fallback, int depth) {
    Node node;
    // What is not there (`key:`) is marked where the next word stands; its key tells more.
    node.at = from.IsNull() ? fallback : inside(from.Mark());
    if (++nodes_ > most_nodes) throw TooMuch{node.at, "too many nodes, aliases counted in full"};
    if (depth > deepest) throw TooMuch{node.at, fmt::format("nested deeper than {}", deepest)};
    if (from.IsScalar()) {
      read_scalar(from, node);
    } else if (from.IsSequence()) {
      node.kind = Node::Kind::sequence;
      for (const YAML::Node& item : from) {
        node.items.push_back(convert(item, inside(item.Mark()), depth + 1));
      }
    } else if (from.IsMap()) {
      node.kind = Node::Kind::map;
      for (const auto& pair : from) {
        Node key = convert(pair.first, inside(pair.first.Mark()), depth + 1);
        Node value = convert(pair.second, key.at, depth + 1);
        node.entries.push_back({std::move(key), std::move(value)});
      }
    }
    return node;
  }

  /// The nearest place of the file: yaml-cpp counts on past the end of a text that was cut short.
  [[nodiscard]] Place inside(const YAML::Mark& mark) const {
    Place at = place_of(mark);
    at.line = std::clamp(at.line, 1, static_cast<int>(lines_.size()));
    const auto length = lines_[static_cast<std::size_t>(at.line - 1)].size();
    at.column = std::clamp(at.column, 1, static_cast<int>(length) + 1);
    return at;
  }

  [[nodiscard]] std::string_view from_place(Place at) const {
    const auto line = static_cast<std::size_t>(at.line - 1);
    const auto column = static_cast<std::size_t>(at.column - 1);
    if (at.line < 1 || line >= lines_.size() || column > lines_[line].size()) return {};
    return lines_[line].substr(column);
  }

 private:
  void read_scalar(const YAML::Node& from, Node& node) const {
    node.kind = Node::Kind::scalar;
    node.text = from.Scalar();
    node.quoted = from.Tag() == "!";
    Place start = node.at;
    const std::string_view source = from_place(node.at);
    if (node.quoted && !source.empty() && (source[0] == '"' || source[0] == '\'')) ++start.column;
    if (from_place(start).starts_with(node.text)) node.start = start;
  }

  std::vector<std::string_view> lines_;
  std::size_t nodes_ = 0;
};

// yaml-cpp's own words, and what is usually behind them.
std::string syntax_error(const YAML::ParserException& error, const Converter& source) {
  const std::string_view text = source.from_place(source.inside(error.mark));
  std::string_view hint;
  if (text.starts_with('*')) {
    hint = "; a value that starts with * needs quotes, because YAML takes it for an alias";
  } else if (text.starts_with('@') || text.starts_with('`') || text.starts_with('%')) {
    hint = "; a value that starts with this character needs quotes";
  } else if (text.starts_with(':')) {
    hint = "; a value with a colon and a blank in it needs quotes";
  }
  return fmt::format("not valid YAML: {}{}", error.msg, hint);
}

// Notes where the first value stands of all documents it is shown.
class FirstValue final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { last_start = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { note(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    note(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    note(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    note(mark);
  }
  void OnMapEnd() override {}

  std::optional<YAML::Mark> first;
  YAML::Mark last_start;

 private:
  void note(const YAML::Mark& mark) {
    if (!first) first = mark;
  }
};

// Where something stands behind the first document. yaml-cpp 0.7 makes empty documents without end
// out of some broken texts, hence the limit (and no YAML::LoadAll).
std::optional<YAML::Mark> second_document(const std::string& text) {
  constexpr int most_documents = 16;
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  FirstValue skipped;
  FirstValue found;
  if (!parser.HandleNextDocument(skipped)) return std::nullopt;
  for (int i = 0; i < most_documents; ++i) {
    if (!parser.HandleNextDocument(found)) return std::nullopt;
    if (found.first) return found.first;
  }
  return found.last_start;
}

std::optional<Node> only_document(const std::string& text, Converter& converter, Report& report) {
  const YAML::Node document = YAML::Load(text);
  if (const auto second = second_document(text)) {
    report.error(converter.inside(*second),
                 "a second document starts here, but a file holds one; is the indentation right, "
                 "or a --- too many?");
    return std::nullopt;
  }
  return converter.convert(document, {1, 1}, 0);
}

}  // namespace

Place Node::within(std::size_t byte) const {
  if (!start) return at;
  return {start->line, start->column + static_cast<int>(byte)};
}

std::string canonical(const Node& node) {
  std::string text;
  switch (node.kind) {
    case Node::Kind::null:
      return "~";
    case Node::Kind::scalar:
      // Its length keeps what follows apart from it.
      return fmt::format("{}{}:{}", node.quoted ? "\"" : "", node.text.size(), node.text);
    case Node::Kind::sequence:
      for (const Node& item : node.items) text += canonical(item) + ",";
      return "[" + text + "]";
    case Node::Kind::map: {
      std::vector<std::string> entries;
      for (const Entry& entry : node.entries) {
        entries.push_back(canonical(entry.key) + "=" + canonical(entry.value) + ",");
      }
      std::ranges::sort(entries);
      for (const std::string& entry : entries) text += entry;
      return "{" + text + "}";
    }
  }
  return text;
}

std::optional<Node> parse_yaml(const std::string& text, Report& report) {
  Converter converter(text);
  try {
    return only_document(text, converter, report);
  } catch (const YAML::ParserException& error) {
    report.error(converter.inside(error.mark), syntax_error(error, converter));
  } catch (const YAML::Exception& error) {
    report.error(converter.inside(error.mark), fmt::format("not valid YAML: {}", error.msg));
  } catch (const TooMuch& error) {
    report.error(error.at, error.message);
  }
  return std::nullopt;
}

}  // namespace sdt::spec
