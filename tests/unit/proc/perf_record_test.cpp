#include "proc/perf_record.h"

#include <gtest/gtest.h>
#include <linux/perf_event.h>
#include <sys/mman.h>

#include <cstring>
#include <string>
#include <vector>

namespace sdt::proc {
namespace {

/// A record as the kernel lays it out: header, body, and the time at its end.
class RecordBytes {
 public:
  RecordBytes(std::uint32_t type, std::uint16_t misc) {
    header_.type = type;
    header_.misc = misc;
  }
  template <class T>
  RecordBytes& add(T value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    body_.insert(body_.end(), bytes, bytes + sizeof value);
    return *this;
  }
  /// Text and its NUL, padded to 8 bytes as the kernel does.
  RecordBytes& text(const std::string& text) {
    for (const char c : text) body_.push_back(static_cast<std::byte>(c));
    do body_.push_back(std::byte{0});
    while (body_.size() % 8 != 0);
    return *this;
  }
  [[nodiscard]] std::vector<std::byte> at(std::uint64_t time) {
    add(time);
    header_.size = static_cast<std::uint16_t>(sizeof header_ + body_.size());
    std::vector<std::byte> all(sizeof header_);
    std::memcpy(all.data(), &header_, sizeof header_);
    all.insert(all.end(), body_.begin(), body_.end());
    return all;
  }

 private:
  perf_event_header header_{};
  std::vector<std::byte> body_;
};

std::vector<std::byte> mapped(const std::string& path, std::uint32_t protection) {
  return RecordBytes(PERF_RECORD_MMAP2, 0)
      .add(7U)
      .add(8U)
      .add(std::uint64_t{0x1000})
      .add(std::uint64_t{0x2000})
      .add(std::uint64_t{0x3000})
      .add(8U)
      .add(1U)
      .add(std::uint64_t{42})
      .add(std::uint64_t{5})
      .add(protection)
      .add(2U)
      .text(path)
      .at(99);
}

TEST(PerfRecord, ForkNamesChildAndParent) {
  const auto record = parse_record(RecordBytes(PERF_RECORD_FORK, 0)
                                       .add(7U)
                                       .add(3U)
                                       .add(7U)
                                       .add(4U)
                                       .add(std::uint64_t{98})
                                       .at(99));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->time, 99U);
  const auto& fork = std::get<Fork>(record->what);
  EXPECT_EQ(fork.pid, 7U);
  EXPECT_EQ(fork.parent_pid, 3U);
  EXPECT_EQ(fork.tid, 7U);
  EXPECT_EQ(fork.parent_tid, 4U);
}

TEST(PerfRecord, ExitNamesTheThread) {
  const auto record = parse_record(RecordBytes(PERF_RECORD_EXIT, 0)
                                       .add(7U)
                                       .add(3U)
                                       .add(9U)
                                       .add(4U)
                                       .add(std::uint64_t{98})
                                       .at(99));
  ASSERT_TRUE(record);
  EXPECT_EQ(std::get<Exit>(record->what).pid, 7U);
  EXPECT_EQ(std::get<Exit>(record->what).tid, 9U);
}

TEST(PerfRecord, CommTellsExecFromARename) {
  const auto exec = parse_record(
      RecordBytes(PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC).add(7U).add(7U).text("app").at(1));
  const auto rename =
      parse_record(RecordBytes(PERF_RECORD_COMM, 0).add(7U).add(8U).text("worker").at(2));
  ASSERT_TRUE(exec && rename);
  EXPECT_TRUE(std::get<Comm>(exec->what).is_exec);
  EXPECT_EQ(std::get<Comm>(exec->what).comm, "app");
  EXPECT_FALSE(std::get<Comm>(rename->what).is_exec);
  EXPECT_EQ(std::get<Comm>(rename->what).comm, "worker");
}

TEST(PerfRecord, ExecutableMappingHasFileAndPath) {
  const auto record = parse_record(mapped("/usr/bin/app", PROT_READ | PROT_EXEC));
  ASSERT_TRUE(record);
  const Mapping& mapping = std::get<Mapped>(record->what).mapping;
  EXPECT_EQ(mapping.start, 0x1000U);
  EXPECT_EQ(mapping.end, 0x3000U);
  EXPECT_EQ(mapping.offset, 0x3000U);
  EXPECT_EQ(mapping.file, (FileId{8, 1, 42}));
  EXPECT_EQ(mapping.path, "/usr/bin/app");
  EXPECT_FALSE(mapping.deleted);
}

TEST(PerfRecord, MemfdIsADeletedFile) {
  const auto record = parse_record(mapped("/memfd:blob (deleted)", PROT_EXEC));
  ASSERT_TRUE(record);
  EXPECT_EQ(std::get<Mapped>(record->what).mapping.path, "/memfd:blob");
  EXPECT_TRUE(std::get<Mapped>(record->what).mapping.deleted);
}

TEST(PerfRecord, MappingsThatCannotRunOrHaveNoFileAreLeftOut) {
  EXPECT_FALSE(parse_record(mapped("/usr/bin/app", PROT_READ)));
  for (const char* path : {"//anon", "[vdso]", "anon_inode:[x]", "/dev/zero", "/SYSV00000000"}) {
    EXPECT_FALSE(parse_record(mapped(path, PROT_EXEC))) << path;
  }
}

TEST(PerfRecord, ControlGroupHasIdAndPath) {
  const auto record = parse_record(
      RecordBytes(PERF_RECORD_CGROUP, 0).add(std::uint64_t{77}).text("/system.slice/x").at(1));
  ASSERT_TRUE(record);
  EXPECT_EQ(std::get<CgroupMade>(record->what).id, 77U);
  EXPECT_EQ(std::get<CgroupMade>(record->what).path, "/system.slice/x");
}

TEST(PerfRecord, LostRecordsAreTold) {
  const auto record = parse_record(
      RecordBytes(PERF_RECORD_LOST, 0).add(std::uint64_t{1}).add(std::uint64_t{12}).at(1));
  ASSERT_TRUE(record);
  EXPECT_EQ(std::get<Lost>(record->what).count, 12U);
}

TEST(PerfRecord, ProcessesOfOtherPidNamespacesAreLeftOut) {
  for (const std::uint32_t pid : {0U, 0xffffffffU}) {
    EXPECT_FALSE(parse_record(RecordBytes(PERF_RECORD_EXIT, 0)
                                  .add(pid)
                                  .add(3U)
                                  .add(pid)
                                  .add(4U)
                                  .add(std::uint64_t{98})
                                  .at(99)));
  }
}

TEST(PerfRecord, NoRecordIsTooShortToBeRefused) {
  const auto whole = mapped("/usr/bin/app", PROT_EXEC);
  for (std::size_t length = 0; length < 80; ++length) {
    EXPECT_FALSE(parse_record(std::span(whole).first(length))) << length;
  }
}

TEST(PerfRecord, OtherKindsDoNotMatter) {
  EXPECT_FALSE(parse_record(RecordBytes(PERF_RECORD_THROTTLE, 0).add(std::uint64_t{1}).at(1)));
}

}  // namespace
}  // namespace sdt::proc
