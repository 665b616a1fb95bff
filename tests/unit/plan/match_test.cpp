// Which processes belong to a target.
#include "plan/match.h"

#include <optional>
#include <tuple>

#include <gtest/gtest.h>

namespace sdt::plan {
namespace {

proc::Process backend_process() {
  proc::Process process;
  process.id = {4711, 100};
  process.comm = "postgres";
  process.exe = "/usr/lib/postgresql/15/bin/postgres";
  process.cmdline = "postgres: 15/main: checkpointer";
  process.uid = 112;
  process.user = "postgres";
  return process;
}

TEST(Match, ExeGlobStopsAtSlashes) {
  spec::ProcessSelector selector;
  selector.exe = Glob("/usr/lib/postgresql/*/bin/postgres");
  EXPECT_TRUE(matches(selector, backend_process()));
  selector.exe = Glob("/usr/*/postgres");
  EXPECT_FALSE(matches(selector, backend_process()));
}

TEST(Match, ExeGlobWithoutSlashIsHeldAgainstTheFileName) {
  spec::ProcessSelector selector;
  selector.exe = Glob("post*");
  EXPECT_TRUE(matches(selector, backend_process()));
}

TEST(Match, AllKeysOfASelectorMustHold) {
  spec::ProcessSelector selector;
  selector.comm = Glob("postgres");
  selector.user = "postgres";
  EXPECT_TRUE(matches(selector, backend_process()));
  selector.user = "mysql";
  EXPECT_FALSE(matches(selector, backend_process()));
}

TEST(Match, UserIsANameOrANumber) {
  spec::ProcessSelector selector;
  selector.user = std::uint32_t{112};
  EXPECT_TRUE(matches(selector, backend_process()));
  selector.user = std::uint32_t{0};
  EXPECT_FALSE(matches(selector, backend_process()));
}

TEST(Match, CmdlineIsARegularExpressionAnywhereInTheArguments) {
  spec::ProcessSelector selector;
  selector.cmdline = *spec::Regex::compile("15/main: check");
  EXPECT_TRUE(matches(selector, backend_process()));
  selector.cmdline = *spec::Regex::compile("^checkpointer");
  EXPECT_FALSE(matches(selector, backend_process()));
}

TEST(Match, PidMustBeTheVeryOne) {
  spec::ProcessSelector selector;
  selector.pid = 4711;
  EXPECT_TRUE(matches(selector, backend_process()));
  selector.pid = 4712;
  EXPECT_FALSE(matches(selector, backend_process()));
}

TEST(Match, WhereAProcessRunsIsHeldAgainstEveryKey) {
  proc::Process process = backend_process();
  process.placement = {.cgroup = "/kubepods.slice/x/cri-containerd-c0ffee.scope",
                       .unit = "cri-containerd-c0ffee.scope",
                       .container = "c0ffee",
                       .pod_uid = "1",
                       .pod = "web-7d9f",
                       .pod_namespace = "shop",
                       .container_name = "app"};
  using Key = std::optional<Glob> spec::ProcessSelector::*;
  for (const auto& [key, right, wrong] :
       {std::tuple{Key(&spec::ProcessSelector::cgroup), "/kubepods.slice/*", "/system.slice/*"},
        std::tuple{Key(&spec::ProcessSelector::unit), "cri-*.scope", "*.service"},
        std::tuple{Key(&spec::ProcessSelector::container), "c0ff*", "deca*"},
        std::tuple{Key(&spec::ProcessSelector::pod), "web-*", "db-*"},
        std::tuple{Key(&spec::ProcessSelector::pod_namespace), "shop", "default"},
        std::tuple{Key(&spec::ProcessSelector::container_name), "app", "proxy"}}) {
    spec::ProcessSelector selector;
    selector.*key = Glob(right);
    EXPECT_TRUE(matches(selector, process)) << right;
    EXPECT_FALSE(matches(selector, backend_process())) << right;
    selector.*key = Glob(wrong);
    EXPECT_FALSE(matches(selector, process)) << wrong;
  }
}

TEST(MatchesProgram, SaysNothingOfWhatTheRecordsDoNotTell) {
  spec::Target target;
  target.processes.resize(1);
  target.processes[0].comm = Glob("postgres");
  EXPECT_EQ(matches_program(target, backend_process()), Match::yes);
  target.processes[0].unit = Glob("postgresql*");
  EXPECT_EQ(matches_program(target, backend_process()), Match::depends);
  target.processes[0].comm = Glob("mysqld");
  EXPECT_EQ(matches_program(target, backend_process()), Match::no);
}

TEST(Placement, IsAskedForBySelectorsAndByMetrics) {
  spec::Target target;
  target.processes.resize(1);
  target.processes[0].user = "app";
  target.metrics.resize(1);
  target.metrics[0].labels = {{"exe", spec::Attribute::exe, {}}};
  EXPECT_FALSE(asks_for_placement(target));
  target.metrics[0].labels = {{"unit", spec::Attribute::unit, {}}};
  EXPECT_TRUE(asks_for_placement(target));
  EXPECT_FALSE(selects_by_placement(target));
  target.processes[0].container = Glob("a*");
  EXPECT_TRUE(selects_by_placement(target));
}

TEST(Match, AProcessBelongsWhenAnySelectorMatches) {
  spec::Target target;
  target.processes.resize(2);
  target.processes[0].comm = Glob("mysqld");
  target.processes[1].comm = Glob("postgres");
  EXPECT_TRUE(belongs(target, backend_process()));
  target.processes.pop_back();
  EXPECT_FALSE(belongs(target, backend_process()));
}

}  // namespace
}  // namespace sdt::plan
