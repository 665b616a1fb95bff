// What is shipped must load: the examples of the documentation, the starting point, the packs.
#include <filesystem>
#include <fstream>
#include <map>

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

// In the reference everything is. Other pages show other files as well: Prometheus' own, and that
// of the web server.
bool is_spec(const std::string& page, const Example& example) {
  return page == "docs/spec.md" || ("\n" + example.text).find("\ntargets:\n") != std::string::npos;
}

int check_examples_of(const std::string& page) {
  int checked = 0;
  for (const Example& example : examples_of(root + "/" + page)) {
    if (!is_spec(page, example)) continue;
    const LoadResult result = load_text(example.text);
    if (example.must_fail) {
      EXPECT_FALSE(result.ok()) << page << ":" << example.line;
    } else {
      EXPECT_THAT(messages(result), IsEmpty()) << page << ":" << example.line;
    }
    ++checked;
  }
  return checked;
}

std::vector<std::string> pages() {
  std::vector<std::string> found{"README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(root + "/docs")) {
    if (entry.path().extension() == ".md")
      found.push_back("docs/" + entry.path().filename().string());
  }
  return found;
}

TEST(SpecReference, EveryExampleLoadsAndEveryMistakeIsOne) {
  EXPECT_GE(check_examples_of("docs/spec.md"), 15);
}

TEST(OtherPages, EverySpecInThemLoads) {
  std::map<std::string, int> checked;
  for (const std::string& page : pages()) checked[page] = check_examples_of(page);
  EXPECT_EQ(checked["README.md"], 1);
  EXPECT_GE(checked["docs/from-bpftrace.md"], 10);
  EXPECT_GE(checked["docs/own-probes.md"], 2);
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
