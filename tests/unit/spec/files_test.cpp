// Paths of --config.file: files, directories, and what cannot be read.
#include <filesystem>
#include <fstream>

#include "unit/spec/helpers.h"

namespace sdt::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() : directory_(testing::TempDir() + "spec_files_" + test_name()) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~Files() override { fs::remove_all(directory_); }

  static std::string test_name() {
    return testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    return path(name);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
  static LoadResult load_paths(const std::vector<std::string>& paths) { return load_files(paths); }

  std::string directory_;
};

std::string target_named(const std::string& name) {
  return "targets:\n  - name: " + name +
         "\n    processes: [{exe: /bin/a}]\n    metrics: [{name: " + name +
         "_total, help: H., type: counter, probe: 'a:b'}]\n";
}

TEST_F(Files, ADirectoryStandsForItsYamlFilesInNameOrder) {
  write("20.yaml", target_named("second"));
  write("10.yaml", target_named("first"));
  write("README.md", "not: [yaml");
  write(".hidden.yaml", "broken: [");
  fs::create_directory(path("folder.yaml"));
  fs::create_symlink(write("linked", target_named("third")), path("30.yaml"));
  const LoadResult result = load_paths({directory_});
  ASSERT_THAT(messages(result), IsEmpty());
  ASSERT_EQ(result.config.targets.size(), 3U);
  EXPECT_EQ(result.config.targets[0].name, "first");
  EXPECT_EQ(result.config.targets[1].name, "second");
  EXPECT_EQ(result.config.targets[2].name, "third");
  EXPECT_EQ(result.config.targets[0].metrics[0].place, path("10.yaml") + ":4");
}

TEST_F(Files, PathsAreReadInTheOrderGiven) {
  const LoadResult result =
      load_paths({write("b", target_named("b")), write("a", target_named("a"))});
  ASSERT_EQ(result.config.targets.size(), 2U);
  EXPECT_EQ(result.config.targets[0].name, "b");
}

TEST_F(Files, AFileThatIsNotThereDoesNotHideTheOthers) {
  const LoadResult result = load_paths({path("gone.yaml"), write("bad.yaml", "x: 1\n")});
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(messages(result),
              ElementsAre(path("gone.yaml") + ": cannot read: No such file or directory",
                          HasSubstr("bad.yaml:1:1: unknown key \"x\"")));
}

TEST_F(Files, OddDirectoriesAreWarnings) {
  EXPECT_THAT(messages(load_paths({directory_})),
              ElementsAre(directory_ + ": warning: no *.yaml in this directory"));
  write("a.yml", "");
  write("b.yaml", "");
  EXPECT_THAT(
      messages(load_paths({directory_})),
      ElementsAre(path("a.yml") + ": warning: not read: only *.yaml is taken from a directory"));
}

TEST_F(Files, EndlessFilesAreRefused) {
  EXPECT_THAT(messages(load_paths({"/dev/zero"})),
              ElementsAre("/dev/zero: larger than 16 MiB: not a config file"));
}

}  // namespace
}  // namespace sdt::spec
