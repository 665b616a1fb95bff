// What is shipped must load: the examples of the documentation, the starting point, the packs.
#include <filesystem>
#include <fstream>

#include "unit/spec/helpers.h"

namespace sdt::spec {
namespace {

using testing::IsEmpty;

const std::string root = SDT_SOURCE_DIR;

struct Example {
  int line = 0;
  bool must_fail = false;
  std::string text;
};

// The blocks between ```yaml and ```; those that show a mistake start with ```yaml error.
std::vector<Example> examples_of(const std::string& path) {
  std::ifstream stream(path);
  std::vector<Example> examples;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      examples.back().text += line + "\n";
    } else if (line.starts_with("```yaml")) {
      inside = true;
      examples.push_back({number, line == "```yaml error", ""});
    }
  }
  return examples;
}

TEST(SpecReference, EveryExampleLoadsAndEveryMistakeIsOne) {
  const std::vector<Example> examples = examples_of(root + "/docs/spec.md");
  ASSERT_GE(examples.size(), 15U);
  for (const Example& example : examples) {
    const LoadResult result = load_text(example.text);
    if (example.must_fail) {
      EXPECT_FALSE(result.ok()) << "docs/spec.md:" << example.line;
    } else {
      EXPECT_THAT(messages(result), IsEmpty()) << "docs/spec.md:" << example.line;
    }
  }
}

TEST(SpecReference, HasExamplesOfBothKinds) {
  int good = 0;
  int bad = 0;
  for (const Example& example : examples_of(root + "/docs/spec.md")) {
    ++(example.must_fail ? bad : good);
  }
  EXPECT_GE(good, 10);
  EXPECT_GE(bad, 3);
}

std::vector<std::string> yaml_files_in(const std::string& directory) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".yaml") found.push_back(entry.path());
  }
  return found;
}

TEST(ShippedConfigs, LoadWithoutADiagnostic) {
  const std::vector<std::string> files = yaml_files_in(root + "/config");
  ASSERT_FALSE(files.empty());
  for (const std::string& file : files) {
    EXPECT_THAT(messages(load_files(std::vector{file})), IsEmpty());
  }
}

// What the comment in the starting point tells people to do.
TEST(ShippedConfigs, TheStartingPointLoadsWithItsExampleUncommented) {
  std::ifstream stream(root + "/config/sdt_exporter.yaml");
  std::string text;
  bool example = false;
  for (std::string line; std::getline(stream, line);) {
    if (example && line.starts_with("#")) line = line.size() < 2 ? "" : line.substr(2);
    text += line + "\n";
    if (line == "targets:") example = true;
  }
  const LoadResult result = load_text(text);
  EXPECT_THAT(messages(result), IsEmpty());
  ASSERT_EQ(result.config.targets.size(), 1U);
  EXPECT_EQ(result.config.targets[0].metrics.size(), 3U);
}

TEST(ShippedPacks, LoadWithoutADiagnosticEachAndTogether) {
  const std::vector<std::string> files = yaml_files_in(root + "/config/packs");
  for (const std::string& file : files) {
    EXPECT_THAT(messages(load_files(std::vector{file})), IsEmpty());
  }
  EXPECT_THAT(messages(load_files(files)), IsEmpty());
}

}  // namespace
}  // namespace sdt::spec
