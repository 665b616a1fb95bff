#include "proc/process_table.h"

#include <gtest/gtest.h>

namespace sdt::proc {
namespace {

using Kind = ProcessTable::Change::Kind;

Process process(std::uint32_t pid, std::string exe, std::uint64_t start = 1) {
  Process made;
  made.id = {pid, start};
  made.comm = exe.substr(exe.rfind('/') + 1);
  made.exe = std::move(exe);
  return made;
}

Record fork_of(std::uint32_t parent, std::uint32_t child, std::uint64_t time) {
  return {time, Fork{child, parent, child, parent}};
}
Record exec_of(std::uint32_t pid, std::string comm, std::uint64_t time) {
  return {time, Comm{pid, pid, true, std::move(comm)}};
}
Record mapping_of(std::uint32_t pid, std::string path, std::uint64_t time) {
  return {time, Mapped{pid, pid, Mapping{0, 0, 0, {8, 1, 1}, std::move(path), false}}};
}
Record exit_of(std::uint32_t pid, std::uint32_t tid, std::uint64_t time) {
  return {time, Exit{pid, tid}};
}

TEST(ProcessTable, ChildIsWhatItsParentIs) {
  ProcessTable table;
  table.saw(process(1, "/bin/app"), 10);
  const auto change = table.apply(fork_of(1, 2, 20));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->kind, Kind::forked);
  EXPECT_EQ(change->other, table.current(1));
  EXPECT_EQ(change->image->facts->exe, "/bin/app");
  EXPECT_EQ(change->image->facts->id.pid, 2U);
  EXPECT_EQ(change->image->facts->parent, 1U);
}

TEST(ProcessTable, ChildIsWhereItsParentIsUntilSomebodyLooks) {
  ProcessTable table;
  Process parent = process(1, "/bin/app");
  parent.placement.unit = "a.service";
  table.saw(parent, 10);
  const ImagePtr child = table.apply(fork_of(1, 2, 20))->image;
  EXPECT_EQ(child->facts->placement.unit, "a.service");
  EXPECT_TRUE(child->is_inherited);
  table.saw(process(2, "/bin/app"), 30);
  EXPECT_FALSE(table.current(2)->is_inherited);
}

TEST(ProcessTable, WhereAProgramRunsIsNotWhereTheOneBeforeWasSeen) {
  ProcessTable table;
  Process starter = process(1, "/bin/runc");
  starter.placement.unit = "containerd.service";
  table.saw(starter, 10);
  table.apply(exec_of(1, "app", 20));
  EXPECT_EQ(table.current(1)->facts->placement, Placement());
}

TEST(ProcessTable, ThreadIsNoProcess) {
  ProcessTable table;
  table.saw(process(1, "/bin/app"), 10);
  EXPECT_FALSE(table.apply({20, Fork{1, 1, 5, 1}}));
  EXPECT_EQ(table.running(), std::vector<std::uint32_t>{1});
}

TEST(ProcessTable, FirstMappingAfterAnExecIsTheProgram) {
  ProcessTable table;
  table.saw(process(1, "/bin/sh"), 10);
  table.apply(exec_of(1, "app", 20));
  EXPECT_TRUE(table.current(1)->facts->exe.empty());
  table.apply(mapping_of(1, "/bin/app", 21));
  table.apply(mapping_of(1, "/lib/ld.so", 22));
  EXPECT_EQ(table.current(1)->facts->exe, "/bin/app");
  EXPECT_EQ(table.current(1)->facts->comm, "app");
}

TEST(ProcessTable, TellsWhichProgramRanWhen) {
  ProcessTable table;
  table.saw(process(1, "/bin/sh"), 10);
  table.apply(exec_of(1, "app", 20));
  table.apply(mapping_of(1, "/bin/app", 21));
  table.end(1, 30);
  table.apply(fork_of(9, 1, 40));  // the number is used again
  EXPECT_EQ(table.at(1, 19)->facts->exe, "/bin/sh");
  EXPECT_EQ(table.at(1, 25)->facts->exe, "/bin/app");
  EXPECT_EQ(table.at(1, 35), nullptr);
  EXPECT_EQ(table.at(1, 45), table.current(1));
}

TEST(ProcessTable, RecordsOfAProcessThatIsKnownToBeGoneMakeNoNewOne) {
  ProcessTable table;
  table.apply(fork_of(1, 2, 10));
  const ImagePtr image = table.apply(exec_of(2, "app", 20))->image;
  table.apply(mapping_of(2, "/bin/app", 30));
  table.end(2, 60);
  EXPECT_FALSE(table.apply(mapping_of(2, "/lib/libc.so.6", 40)));
  EXPECT_FALSE(table.apply(exit_of(2, 2, 50)));
  EXPECT_EQ(table.current(2), nullptr);
  EXPECT_EQ(table.at(2, 45), image);
}

TEST(ProcessTable, EndOfAThreadSaysNothing) {
  ProcessTable table;
  table.saw(process(1, "/bin/app"), 10);
  EXPECT_FALSE(table.apply(exit_of(1, 5, 20)));
}

TEST(ProcessTable, AfterTheMainThreadEveryEndMayBeTheLast) {
  ProcessTable table;
  table.saw(process(1, "/bin/app"), 10);
  const auto main = table.apply(exit_of(1, 1, 20));
  const auto other = table.apply(exit_of(1, 5, 21));
  ASSERT_TRUE(main && other);
  EXPECT_EQ(main->kind, Kind::left_main);
  EXPECT_EQ(other->kind, Kind::left_main);
  EXPECT_NE(table.current(1), nullptr) << "whether it is over, /proc has to say";
}

TEST(ProcessTable, NameOfTheMainThreadIsTheProcesss) {
  ProcessTable table;
  table.saw(process(1, "/bin/app"), 10);
  EXPECT_FALSE(table.apply({20, Comm{1, 5, false, "worker"}}));
  const auto change = table.apply({21, Comm{1, 1, false, "renamed"}});
  ASSERT_TRUE(change);
  EXPECT_EQ(change->kind, Kind::renamed);
  EXPECT_EQ(table.current(1)->facts->comm, "renamed");
}

TEST(ProcessTable, WhatProcShowsOfAKnownImageCompletesIt) {
  ProcessTable table;
  table.saw(process(1, "/bin/sh"), 10);
  table.apply(fork_of(1, 2, 20));
  const ImagePtr before = table.current(2);
  EXPECT_EQ(table.saw(process(2, "/bin/sh", 7), 30), before);
  EXPECT_EQ(before->facts->id.start_ticks, 7U);
}

TEST(ProcessTable, AnotherStartTimeIsAnotherProcess) {
  ProcessTable table;
  const ImagePtr first = table.saw(process(1, "/bin/app", 5), 10);
  const ImagePtr second = table.saw(process(1, "/bin/app", 6), 20);
  EXPECT_NE(first, second);
  EXPECT_EQ(first->ended, 20U);
}

TEST(ProcessTable, RemembersWhatAProcessWasUntilItTookAnotherName) {
  ProcessTable table;
  table.saw(process(1, "/bin/app"), 10);
  EXPECT_EQ(table.current(1)->facts_before, nullptr);
  table.apply({20, Comm{1, 1, false, "worker"}});
  const ImagePtr image = table.current(1);
  EXPECT_EQ(image->renamed, 20U);
  EXPECT_EQ(image->facts_before->comm, "app");
  EXPECT_EQ(image->facts->comm, "worker");
}

TEST(ProcessTable, ProgramThatNobodyReportedMayBeAsOldAsTheLoss) {
  ProcessTable table;
  const ImagePtr before = table.saw(process(1, "/bin/app"), 10);
  const ImagePtr now = table.saw(process(1, "/bin/other"), 50);
  EXPECT_EQ(table.at(1, 49), before);
  EXPECT_EQ(table.at(1, 50), now);
}

TEST(ProcessTable, ProgramThatNobodyReportedIsYoungerThanTheOneBefore) {
  ProcessTable table;
  table.saw(process(1, "/bin/app"), 10);
  table.apply(exec_of(1, "sh", 60));
  table.apply(mapping_of(1, "/bin/sh", 61));
  const ImagePtr now = table.saw(process(1, "/bin/other"), 50);
  EXPECT_EQ(now->began, 60U);
  EXPECT_EQ(table.at(1, 60), now);
}

TEST(ProcessTable, ForgetsWhatEndedLongAgo) {
  ProcessTable table;
  table.saw(process(1, "/bin/app"), 10);
  table.end(1, 20);
  table.forget_ended_before(20);
  EXPECT_NE(table.at(1, 15), nullptr);
  table.forget_ended_before(21);
  EXPECT_EQ(table.at(1, 15), nullptr);
}

}  // namespace
}  // namespace sdt::proc
