// Leases and inotify of the running kernel, on a file in a directory of its own.
#include "daemon/file_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

namespace sdt::daemon {
namespace {

class FileGuardTest : public ::testing::Test {
 protected:
  FileGuardTest() {
    // Delivered or not, a broken lease must not end the test.
    std::signal(SIGIO, SIG_IGN);
    std::string pattern = "/tmp/sdt-guard-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ / "file";
    std::ofstream(path_) << "content";
  }
  ~FileGuardTest() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] UniqueFd open_for_reading() const {
    return UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  }
  /// Opens for writing without waiting; errno when refused.
  [[nodiscard]] int try_to_write() const {
    const UniqueFd fd(::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return fd.valid() ? 0 : errno;
  }

  std::filesystem::path directory_;
  std::filesystem::path path_;
  Watches watches_;
};

TEST_F(FileGuardTest, WriterWaitsUntilItIsLetGo) {
  std::optional<FileGuard> guard;
  {
    auto taken = FileGuard::take(open_for_reading(), path_, watches_);
    ASSERT_TRUE(taken) << taken.error().message;
    guard.emplace(std::move(*taken));
  }
  EXPECT_EQ(guard->kind(), FileGuard::Kind::lease);
  EXPECT_FALSE(guard->is_broken());
  std::atomic<bool> is_open = false;
  std::jthread writer([&] {
    const UniqueFd fd(::open(path_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
    is_open = fd.valid();
  });
  while (!guard->is_broken()) std::this_thread::yield();
  EXPECT_FALSE(is_open);
  EXPECT_EQ(std::filesystem::file_size(path_), 7U);
  guard.reset();
  writer.join();
  EXPECT_TRUE(is_open);
}

TEST_F(FileGuardTest, ReadersDoNotMind) {
  auto guard = FileGuard::take(open_for_reading(), path_, watches_);
  ASSERT_TRUE(guard);
  EXPECT_TRUE(open_for_reading().valid());
  EXPECT_FALSE(guard->is_broken());
}

TEST_F(FileGuardTest, FileThatIsBeingWrittenIsBusy) {
  const UniqueFd writer(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
  const auto guard = FileGuard::take(open_for_reading(), path_, watches_);
  ASSERT_FALSE(guard);
  EXPECT_EQ(guard.error().code, Errc::busy);
}

TEST_F(FileGuardTest, TwoGuardsOfOneFileBothHold) {
  auto one = FileGuard::take(open_for_reading(), path_, watches_);
  auto two = FileGuard::take(open_for_reading(), path_, watches_);
  ASSERT_TRUE(one && two);
  { const FileGuard gone = std::move(*one); }
  EXPECT_EQ(try_to_write(), EWOULDBLOCK);
  EXPECT_TRUE(two->is_broken());
}

TEST_F(FileGuardTest, NamelessFileThatIsOpenForWritingIsWatched) {
  const UniqueFd writer(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
  UniqueFd reader = open_for_reading();
  std::filesystem::remove(path_);
  auto guard = FileGuard::take(std::move(reader), path_, watches_);
  ASSERT_TRUE(guard) << guard.error().message;
  EXPECT_EQ(guard->kind(), FileGuard::Kind::watch);
  EXPECT_NE(guard->reason(), "");
  watches_.read_events();
  EXPECT_FALSE(guard->is_broken());
  ASSERT_EQ(write(writer.get(), "y", 1), 1);
  watches_.read_events();
  EXPECT_TRUE(guard->is_broken());
}

TEST_F(FileGuardTest, MemfdIsNotLeasedBecauseItsMakerWouldNotWait) {
  const UniqueFd maker(memfd_create("probes", MFD_CLOEXEC));
  ASSERT_EQ(write(maker.get(), "content", 7), 7);
  const std::string path = "/proc/self/fd/" + std::to_string(maker.get());
  auto guard =
      FileGuard::take(UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), path, watches_);
  ASSERT_TRUE(guard) << guard.error().message;
  EXPECT_EQ(guard->kind(), FileGuard::Kind::watch);
  EXPECT_FALSE(guard->is_broken());
  ASSERT_EQ(write(maker.get(), "more", 4), 4);
  EXPECT_TRUE(guard->is_broken());
}

}  // namespace
}  // namespace sdt::daemon
