// Targets: names, process selectors, files.
#include "unit/spec/helpers.h"

namespace sdt::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A target with the given lines (indented by four) and one metric.
LoadResult load_target(const std::string& lines) {
  return load_text("targets:\n  -" + lines.substr(3) +
                   "    metrics:\n"
                   "      - {name: x_total, help: X., type: counter, probe: 'a:b'}\n");
}

LoadResult load_processes(const std::string& processes) {
  return load_target("    name: app\n    processes: " + processes + "\n");
}

TEST(Target, ReadsEverySelector) {
  const LoadResult result = load_processes(
      "[{exe: /usr/bin/app*, comm: \"w?rker\", cmdline: '--role=(a|b)$', pid: 42, user: www-data}, "
      "{user: 33}]");
  ASSERT_THAT(messages(result), IsEmpty());
  const auto& processes = result.config.targets[0].processes;
  ASSERT_THAT(processes, SizeIs(2));
  EXPECT_TRUE(processes[0].exe->matches_path("/usr/bin/app-2"));
  EXPECT_TRUE(processes[0].comm->matches("worker"));
  EXPECT_TRUE(processes[0].cmdline->matches("app --role=b"));
  EXPECT_FALSE(processes[0].cmdline->matches("app --role=c"));
  EXPECT_EQ(processes[0].pid, 42U);
  EXPECT_EQ(std::get<std::string>(*processes[0].user), "www-data");
  EXPECT_EQ(std::get<std::uint32_t>(*processes[1].user), 33U);
  EXPECT_FALSE(processes[1].exe);
}

TEST(Target, FileNarrowsTheMappedFiles) {
  const LoadResult result =
      load_target("    name: app\n    processes: [{exe: /bin/app}]\n    file: libapp.so*\n");
  ASSERT_THAT(messages(result), IsEmpty());
  EXPECT_TRUE(result.config.targets[0].file->matches_path("/usr/lib/libapp.so.3"));
}

TEST(Target, NeedsANameProcessesAndMetrics) {
  EXPECT_THAT(messages(load_text("targets:\n  - {}\n")),
              ElementsAre("test.yaml:2:5: a target needs a \"name\"",
                          "test.yaml:2:5: a target needs a \"processes\"",
                          "test.yaml:2:5: a target needs a \"metrics\""));
  EXPECT_THAT(messages(load_text("targets:\n  - {name: a-b, processes: [], metrics: []}\n")),
              ElementsAre(HasSubstr("2:12: \"a-b\" is not a target name"),
                          HasSubstr("2:28: processes must be a list of at least one entry"),
                          HasSubstr("2:41: metrics must be a list of at least one metric")));
}

TEST(Target, UnsafeSitesAreAllowedByWordOnly) {
  const auto load_with = [](const std::string& line) {
    return load_target("    name: app\n    processes: [{exe: /bin/app}]\n" + line);
  };
  const LoadResult without = load_with("");
  const LoadResult allowed = load_with("    allow_unsafe_sites: true\n");
  EXPECT_FALSE(without.config.targets.at(0).allow_unsafe_sites);
  EXPECT_TRUE(allowed.config.targets.at(0).allow_unsafe_sites);
  EXPECT_FALSE(
      load_with("    allow_unsafe_sites: false\n").config.targets.at(0).allow_unsafe_sites);
  // So that a reload attaches them, or lets them go.
  EXPECT_NE(without.config.targets.at(0).metrics.at(0).fingerprint,
            allowed.config.targets.at(0).metrics.at(0).fingerprint);
  EXPECT_THAT(messages(load_with("    allow_unsafe_sites: yes\n")),
              ElementsAre(HasSubstr("allow_unsafe_sites must be one of false, true, not \"yes\"")));
}

TEST(Target, ProcessesCanBeChosenByWhereTheyRun) {
  const LoadResult result = load_processes(
      "[{cgroup: /a/*, unit: b.service, container: c*, pod: d, namespace: e, container_name: f}]");
  EXPECT_THAT(messages(result), IsEmpty());
  const ProcessSelector& selector = result.config.targets.at(0).processes.at(0);
  EXPECT_EQ(selector.cgroup, Glob("/a/*"));
  EXPECT_EQ(selector.unit, Glob("b.service"));
  EXPECT_EQ(selector.container, Glob("c*"));
  EXPECT_EQ(selector.pod, Glob("d"));
  EXPECT_EQ(selector.pod_namespace, Glob("e"));
  EXPECT_EQ(selector.container_name, Glob("f"));
}

TEST(Target, AnEmptySelectorWouldMatchEverything) {
  EXPECT_THAT(messages(load_processes("[{}]")),
              ElementsAre(HasSubstr("every process of the machine is exe: \"*\"")));
}

TEST(Target, SelectorsAreChecked) {
  EXPECT_THAT(messages(load_processes("[{cmdline: '('}]")),
              ElementsAre(HasSubstr("\"(\" is not a regular expression (RE2 syntax): missing )")));
  EXPECT_THAT(messages(load_processes("[{pid: 0}, {pid: x}]")),
              ElementsAre(HasSubstr("pid must be a whole number from 1 to 4194304, not \"0\""),
                          HasSubstr("not \"x\"")));
  EXPECT_THAT(messages(load_processes("[{user: 99999999999}]")),
              ElementsAre(HasSubstr("larger than any uid")));
  EXPECT_THAT(messages(load_processes("[{exe: ''}]")), ElementsAre(HasSubstr("exe is empty")));
  EXPECT_THAT(messages(load_processes("[{exe: [a]}]")),
              ElementsAre(HasSubstr("exe must be a text, not a list")));
}

TEST(Target, PatternsThatCanMatchNothingAreWarnings) {
  EXPECT_THAT(messages(load_processes("[{exe: bin/app}]")),
              ElementsAre(HasSubstr("warning: exe: \"bin/app\" matches nothing")));
  EXPECT_THAT(messages(load_processes("[{comm: a-very-long-name}]")),
              ElementsAre(HasSubstr("write \"a-very-long-nam\"")));
  EXPECT_THAT(messages(load_processes("[{exe: app}, {exe: '*/app'}, {comm: a-very-long-*}]")),
              IsEmpty());
}

}  // namespace
}  // namespace sdt::spec
