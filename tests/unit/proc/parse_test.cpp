#include "proc/parse.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>

namespace sdt::proc {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

std::string stat_of(std::string_view comm, std::string_view flags = "4194560") {
  return "4711 (" + std::string(comm) + ") S 1203 4711 4711 34816 -1 " + std::string(flags) +
         " 1234 5678 0 0 12 7 0 0 20 0 3 0 98765432 24276992 1450 18446744073709551615 1 1 0\n";
}

TEST(ParseStat, ReadsWhatAProcessIsTold) {
  const auto stat = parse_stat(stat_of("postgres"));
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->comm, "postgres");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->parent, 1203U);
  EXPECT_EQ(stat->start_ticks, 98765432U);
  EXPECT_FALSE(stat->kernel_thread);
}

TEST(ParseStat, CommMayHoldAnything) {
  for (const std::string_view comm :
       {"a b", ") S 1 (", "(x)", "line\nbreak", ")", "", "((", ") R"}) {
    const auto stat = parse_stat(stat_of(comm));
    ASSERT_TRUE(stat) << comm;
    EXPECT_EQ(stat->comm, comm);
    EXPECT_EQ(stat->parent, 1203U) << comm;
    EXPECT_EQ(stat->start_ticks, 98765432U) << comm;
  }
}

TEST(ParseStat, KnowsKernelThreads) {
  const auto stat = parse_stat(stat_of("kworker/0:1", "69238880"));
  ASSERT_TRUE(stat);
  EXPECT_TRUE(stat->kernel_thread);
}

TEST(ParseStat, MayEndWithTheStartTime) {
  const auto stat = parse_stat("1 (a) Z 0 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 77\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->state, 'Z');
  EXPECT_EQ(stat->start_ticks, 77U);
}

TEST(ParseStat, CutAnywhereBeforeTheStartTimeIsNothing) {
  const std::string text = "1 (a) S 0 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 77";
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    EXPECT_FALSE(parse_stat(text.substr(0, size))) << text.substr(0, size);
  }
}

TEST(ParseStat, OfAnotherFormatIsNothing) {
  EXPECT_FALSE(parse_stat(")("));
  EXPECT_FALSE(parse_stat("1 (a) S x 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 77"));
  EXPECT_FALSE(parse_stat("1 (a) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 -77"));
}

TEST(ParseMaps, ReadsAnExecutableMapping) {
  const auto mappings = parse_maps(
      "55d0c8a00000-55d0c8f34000 r-xp 000ce000 fd:01 2883601                    "
      "/usr/bin/postgres\n");
  ASSERT_THAT(mappings, SizeIs(1));
  const Mapping& mapping = mappings[0];
  EXPECT_EQ(mapping.start, 0x55d0c8a00000U);
  EXPECT_EQ(mapping.end, 0x55d0c8f34000U);
  EXPECT_EQ(mapping.offset, 0xce000U);
  EXPECT_EQ(mapping.file, (FileId{0xfd, 1, 2883601}));
  EXPECT_EQ(mapping.path, "/usr/bin/postgres");
  EXPECT_FALSE(mapping.deleted);
}

TEST(ParseMaps, LeavesOutWhatIsNoExecutableFile) {
  EXPECT_THAT(parse_maps("7f00-8f00 r--p 00000000 fd:01 12 /usr/lib/libc.so.6\n"
                         "7f00-8f00 rw-p 00000000 fd:01 12 /usr/lib/libc.so.6\n"
                         "7f00-8f00 rwxp 00000000 00:00 0 \n"
                         "7f00-8f00 r-xp 00000000 00:00 0                          [vdso]\n"
                         "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]\n"
                         "7f00-8f00 rwxs 00000000 00:05 5 /dev/zero (deleted)\n"
                         "7f00-8f00 rwxs 00000000 00:05 5 /dev/dri/renderD128\n"
                         "7f00-8f00 rwxs 00000000 00:01 32768 /SYSV00000000 (deleted)\n"
                         "7f00-8f00 rwxs 00000000 00:0d 99 anon_inode:[perf_event]\n"),
              IsEmpty());
}

TEST(ParseMaps, KeepsMemoryFilesAndSharedMemory) {
  const auto mappings = parse_maps(
      "7f0000001000-7f0000002000 r-xp 00001000 00:01 2051 /memfd:stapsdt (deleted)\n"
      "7f0000003000-7f0000004000 r-xs 00000000 00:18 7 /dev/shm/plugin.so\n");
  ASSERT_THAT(mappings, SizeIs(2));
  EXPECT_EQ(mappings[0].path, "/memfd:stapsdt");
  EXPECT_TRUE(mappings[0].deleted);
  EXPECT_EQ(mappings[0].file, (FileId{0, 1, 2051}));
  EXPECT_EQ(mappings[1].path, "/dev/shm/plugin.so");
}

TEST(ParseMaps, PathsMayHoldBlanksAndNewlines) {
  const auto mappings = parse_maps(
      "1000-2000 r-xp 00000000 08:01 1 /opt/my app/a  b\n"
      "1000-2000 r-xp 00000000 08:01 2 /opt/line\\012break\\012\n"
      "1000-2000 r-xp 00000000 08:01 3 /opt/back\\134slash\n"
      "1000-2000 r-xp 00000000 08:01 4 /opt/was here (deleted)\n");
  ASSERT_THAT(mappings, SizeIs(4));
  EXPECT_EQ(mappings[0].path, "/opt/my app/a  b");
  EXPECT_EQ(mappings[1].path, "/opt/line\nbreak\n");
  // The kernel does not escape backslashes here: this is what the file is called.
  EXPECT_EQ(mappings[2].path, "/opt/back\\134slash");
  EXPECT_EQ(mappings[3].path, "/opt/was here");
  EXPECT_TRUE(mappings[3].deleted);
}

TEST(ParseMaps, LeavesOutMalformedLinesAlone) {
  const auto mappings = parse_maps(
      "\n"
      "nonsense\n"
      "1000 r-xp 00000000 08:01 1 /a\n"
      "1000-2000 r-x 00000000 08:01 1 /a\n"
      "1000-2000 r-xp 0000000g 08:01 1 /a\n"
      "1000-2000 r-xp 00000000 0801 1 /a\n"
      "1000-2000 r-xp 00000000 08:01 x /a\n"
      "1000-2000 r-xp 00000000 08:01 1\n"
      "1000-2000 r-xp 00000000 08:01 1 /sound");
  ASSERT_THAT(mappings, SizeIs(1));
  EXPECT_EQ(mappings[0].path, "/sound");
}

TEST(ParseCmdline, JoinsArgumentsByBlanks) {
  using namespace std::string_view_literals;
  EXPECT_EQ(parse_cmdline("java\0-Xmx64m\0Main\0"sv), "java -Xmx64m Main");
  EXPECT_EQ(parse_cmdline("one"sv), "one");
  EXPECT_EQ(parse_cmdline(""sv), "");
}

TEST(ParseCmdline, KeepsEmptyArgumentsAndDropsTheRestOfATitle) {
  using namespace std::string_view_literals;
  EXPECT_EQ(parse_cmdline("a\0\0b\0"sv), "a  b");
  EXPECT_EQ(parse_cmdline("postgres: checkpointer \0\0\0\0\0"sv), "postgres: checkpointer");
}

TEST(ParseStatusUid, IsTheEffectiveOne) {
  EXPECT_EQ(parse_status_uid("Name:\tsudo\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t1\t2\t3\t4\n"),
            0U);
  EXPECT_EQ(parse_status_uid("Uid:\t0\t4294967294\t0\t0"), 4294967294U);
}

TEST(ParseStatusUid, ThatIsNotThereIsNothing) {
  EXPECT_FALSE(parse_status_uid(""));
  EXPECT_FALSE(parse_status_uid("Name:\tUid:\t1\n"));
  EXPECT_FALSE(parse_status_uid("Uid:\t1000\n"));
  EXPECT_FALSE(parse_status_uid("Uid:\tx\ty\n"));
}

TEST(ParseCpuList, RangesAndSingles) {
  EXPECT_EQ(parse_cpu_list("0-2,5\n"), (std::vector<unsigned>{0, 1, 2, 5}));
  EXPECT_EQ(parse_cpu_list("0\n"), std::vector<unsigned>{0});
  EXPECT_EQ(parse_cpu_list(""), std::vector<unsigned>{});
  EXPECT_EQ(parse_cpu_list("x,3,4-"), (std::vector<unsigned>{3, 4}));
}

}  // namespace
}  // namespace sdt::proc
