#include "elf/mapped_file.h"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include <gmock/gmock.h>

#include "base/unique_fd.h"

namespace sdt::elf {
namespace {

/// A file in the test's temporary directory that goes with it.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content)
      : path_(testing::TempDir() + "mapped_file_XXXXXX"), fd_(::mkstemp(path_.data())) {
    EXPECT_EQ(::write(fd_.get(), content.data(), content.size()),
              static_cast<ssize_t>(content.size()));
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  std::string path_;
  UniqueFd fd_;
};

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(MappedFile, ShowsTheBytesOfAFile) {
  const TemporaryFile source("some bytes");
  const auto file = MappedFile::open(source.path());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(text_of(*file), "some bytes");
}

TEST(MappedFile, OfADescriptorLeavesItOpen) {
  const TemporaryFile source("some bytes");
  {
    const auto file = MappedFile::of(source.fd(), "a name");
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(text_of(*file), "some bytes");
  }
  char first = 0;
  EXPECT_EQ(::pread(source.fd(), &first, 1, 0), 1);
}

TEST(MappedFile, OfNothingIsEmpty) {
  const TemporaryFile source("");
  const auto file = MappedFile::open(source.path());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(file->bytes().empty());
}

TEST(MappedFile, KeepsTheBytesWhenMoved) {
  const TemporaryFile source("some bytes");
  auto opened = MappedFile::open(source.path());
  ASSERT_TRUE(opened) << opened.error().message;
  MappedFile moved = std::move(*opened);
  EXPECT_EQ(text_of(moved), "some bytes");
  const TemporaryFile other("others");
  auto target = MappedFile::open(other.path());
  ASSERT_TRUE(target) << target.error().message;
  *target = std::move(moved);
  EXPECT_EQ(text_of(*target), "some bytes");
}

TEST(MappedFile, ThatIsMissingIsNamed) {
  const auto file = MappedFile::open("/nowhere/at/all");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::not_found);
  EXPECT_THAT(file.error().message, testing::HasSubstr("/nowhere/at/all"));
}

TEST(MappedFile, ThatIsADirectoryOrDeviceIsRefused) {
  for (const char* path : {"/", "/dev/null"}) {
    const auto file = MappedFile::open(path);
    ASSERT_FALSE(file) << path;
    EXPECT_EQ(file.error().code, Errc::unsupported) << path;
  }
}

}  // namespace
}  // namespace sdt::elf
