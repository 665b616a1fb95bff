// YAML texts that are broken, hostile or only look harmless.
#include "spec/yaml.h"

#include "unit/spec/helpers.h"

namespace sdt::spec {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> yaml_errors(const std::string& text) {
  Report report("test.yaml");
  EXPECT_EQ(parse_yaml(text, report), std::nullopt);
  std::vector<std::string> found;
  for (const Diagnostic& diagnostic : report.take()) found.push_back(diagnostic.text());
  return found;
}

Node tree(const std::string& text) {
  Report report("test.yaml");
  auto node = parse_yaml(text, report);
  EXPECT_THAT(report.take(), IsEmpty());
  return node.value_or(Node{});
}

TEST(Yaml, AnUnquotedStarIsExplained) {
  EXPECT_THAT(yaml_errors("probe: *:start\n"),
              ElementsAre(AllOf(HasSubstr("test.yaml:1:8: not valid YAML: "),
                                HasSubstr("a value that starts with * needs quotes"))));
  EXPECT_THAT(yaml_errors("value: *(uint32*)(arg0)\n"), ElementsAre(HasSubstr("needs quotes")));
}

TEST(Yaml, OtherUnquotedCharactersAreExplained) {
  EXPECT_THAT(yaml_errors("a: @x\n"), ElementsAre(HasSubstr("this character needs quotes")));
  EXPECT_THAT(yaml_errors("help: one: two\n"), ElementsAre(HasSubstr("a colon and a blank")));
}

TEST(Yaml, OneDocumentAFile) {
  EXPECT_THAT(yaml_errors("a: 1\n---\nb: 2\n"),
              ElementsAre(HasSubstr("test.yaml:3:1: a second document starts here")));
  EXPECT_EQ(tree("---\na: 1\n---\n").entries.size(), 1U);
}

TEST(Yaml, ATextThatYamlCppNeverFinishesIsRefused) {
  EXPECT_THAT(yaml_errors("!r(0, 128)(0, 128)"), ElementsAre(HasSubstr("a second document")));
}

TEST(Yaml, DeepNestingIsRefused) {
  EXPECT_THAT(yaml_errors(std::string(100'000, '[')), ElementsAre(HasSubstr("not valid YAML")));
  EXPECT_THAT(yaml_errors(std::string(100, '[') + std::string(100, ']')),
              ElementsAre("test.yaml:1:66: nested deeper than 64"));
}

TEST(Yaml, AnAliasBombIsRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string previous = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + previous;
    for (int j = 1; j < 10; ++j) text += ", " + previous;
    text += "]\n";
  }
  EXPECT_THAT(yaml_errors(text), ElementsAre(HasSubstr("too many nodes, aliases counted in full")));
}

TEST(Yaml, MergeKeysAreRefused) {
  EXPECT_THAT(messages(load_text("global: {<<: {max_series: 3}}\n")),
              ElementsAre(HasSubstr("merge key << is not supported")));
}

TEST(Yaml, PositionsCountBytesFromOne) {
  const Node root = tree(
      "\xEF\xBB\xBF"
      "a: x\r\nb: 'quoted'\nc:\n  - \"q\"\n");
  EXPECT_EQ(root.entries[0].value.at.column, 4);
  EXPECT_EQ(root.entries[1].value.at.line, 2);
  EXPECT_EQ(root.entries[1].value.within(2).column, 7);
  EXPECT_EQ(root.entries[2].value.items[0].within(0).line, 4);
}

TEST(Yaml, AMistakeAtACutEndIsStillInsideTheText) {
  EXPECT_THAT(yaml_errors("a: \"b\\x"), ElementsAre(HasSubstr("test.yaml:1:8: not valid YAML")));
  EXPECT_THAT(yaml_errors("a: [\n"), ElementsAre(HasSubstr("test.yaml:2:1: not valid YAML")));
}

TEST(Yaml, WhereQuotingHidesThePositionTheWholeValueIsMeant) {
  const Node root = tree("a: 'it''s'\nb: \"a\\x41\"\n");
  EXPECT_EQ(root.entries[0].value.within(4).column, 4);
  EXPECT_EQ(root.entries[1].value.within(1).column, 4);
}

TEST(Yaml, AMissingValueIsWhereItsKeyIs) {
  const Node root = tree("a:\nb: 1\n");
  EXPECT_EQ(root.entries[0].value.kind, Node::Kind::null);
  EXPECT_EQ(root.entries[0].value.at.line, 1);
}

TEST(Canonical, LayoutCommentsAndTheOrderOfKeysDoNotShow) {
  EXPECT_EQ(canonical(tree("a: 1\nb: [x, y]\n")), canonical(tree("{b: [x,  y], a: 1} # same\n")));
}

TEST(Canonical, EverythingElseDoes) {
  const std::string one = canonical(tree("a: [x, y]\n"));
  for (const char* other : {"a: [y, x]\n", "a: [x, y, z]\n", "b: [x, y]\n", "a: [\"x\", y]\n",
                            "a: x, y\n", "a: [[x, y]]\n", "a: {x: y}\n", "a:\n"}) {
    EXPECT_NE(canonical(tree(other)), one) << other;
  }
}

TEST(Canonical, TextsCannotPassForStructure) {
  EXPECT_NE(canonical(tree("[\"1:a,1:b\"]\n")), canonical(tree("[\"a\", \"b\"]\n")));
}

}  // namespace
}  // namespace sdt::spec
