// What is heard of files that come and go in watched directories.
#include "daemon/directory_watches.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace sdt::daemon {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

class DirectoryWatchesTest : public ::testing::Test {
 protected:
  DirectoryWatchesTest() {
    std::string name = (fs::temp_directory_path() / "sdt-watches-XXXXXX").string();
    home_ = mkdtemp(name.data());
    fs::create_directory(home_ / "bin");
    bin_ = (home_ / "bin").string();
  }
  ~DirectoryWatchesTest() override { fs::remove_all(home_); }

  static void write(const fs::path& path) { std::ofstream(path) << "content"; }

  fs::path home_;
  std::string bin_;
  DirectoryWatches watches_;
};

TEST_F(DirectoryWatchesTest, AFileThatIsMovedIntoPlaceHasCome) {
  write(home_ / "new");
  watches_.watch({bin_});
  fs::rename(home_ / "new", bin_ + "/app");
  EXPECT_EQ(watches_.take().paths, Paths{bin_ + "/app"});
}

TEST_F(DirectoryWatchesTest, AFileThatIsWrittenHasComeOnceItIsWhole) {
  watches_.watch({bin_});
  std::ofstream file(bin_ + "/app");
  file << "half";
  file.flush();
  EXPECT_EQ(watches_.take().paths, Paths{});
  file.close();
  EXPECT_EQ(watches_.take().paths, Paths{bin_ + "/app"});
}

TEST_F(DirectoryWatchesTest, AFileThatIsRemovedIsNamed) {
  write(bin_ + "/app");
  watches_.watch({bin_});
  fs::remove(bin_ + "/app");
  EXPECT_EQ(watches_.take().paths, Paths{bin_ + "/app"});
}

TEST_F(DirectoryWatchesTest, OneDirectoryByTwoPathsIsNamedByBoth) {
  const std::string link = (home_ / "link").string();
  fs::create_directory_symlink(bin_, link);
  watches_.watch({bin_, link});
  write(bin_ + "/app");
  EXPECT_EQ(watches_.take().paths, (Paths{bin_ + "/app", link + "/app"}));
}

TEST_F(DirectoryWatchesTest, WhatIsNotWatchedAnyMoreIsNotNamed) {
  watches_.watch({bin_});
  watches_.watch({home_.string()});
  write(bin_ + "/app");
  EXPECT_EQ(watches_.take().paths, Paths{});
  write(home_ / "app");
  EXPECT_EQ(watches_.take().paths, Paths{(home_ / "app").string()});
}

TEST_F(DirectoryWatchesTest, ADirectoryThatWasReplacedIsWatchedAfterTheNextCall) {
  watches_.watch({bin_});
  fs::rename(bin_, home_ / "old");
  fs::create_directory(bin_);
  watches_.watch({bin_});
  write(bin_ + "/app");
  EXPECT_EQ(watches_.take().paths, Paths{bin_ + "/app"});
}

TEST_F(DirectoryWatchesTest, WhatIsNotThereIsLeftOut) {
  watches_.watch({bin_ + "/missing", bin_});
  write(bin_ + "/app");
  EXPECT_EQ(watches_.take().paths, Paths{bin_ + "/app"});
}

TEST_F(DirectoryWatchesTest, SaysSoWhenTheKernelCouldNotKeepAll) {
  watches_.watch({bin_});
  std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
  int most = 0;
  limit >> most;
  write(bin_ + "/a");
  for (int i = 0; i <= most / 2; ++i) {  // two events each
    fs::rename(bin_ + "/a", bin_ + "/b");
    fs::rename(bin_ + "/b", bin_ + "/a");
  }
  EXPECT_TRUE(watches_.take().has_missed_some);
}

}  // namespace
}  // namespace sdt::daemon
