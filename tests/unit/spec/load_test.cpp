// Whole files: global settings, several files, order, severity.
#include "unit/spec/helpers.h"

namespace sdt::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Load, AnEmptyFileIsFine) {
  EXPECT_THAT(messages(load_text("")), IsEmpty());
  EXPECT_THAT(messages(load_text("# nothing yet\n")), IsEmpty());
  EXPECT_THAT(messages(load_text("global:\ntargets:\n")), IsEmpty());
}

TEST(Load, GlobalSettingsHaveDefaults) {
  const LoadResult result = load_text("");
  EXPECT_EQ(result.config.global.drain_interval, std::chrono::seconds(5));
  EXPECT_EQ(result.config.global.max_series, 1000U);
}

TEST(Load, TheGlobalCapReachesMetricsOfOtherFiles) {
  const std::vector<SourceText> sources = {
      {"a.yaml", file_with({"name: a_total\nhelp: A.\ntype: counter\nprobe: a:a",
                            "name: b_total\nhelp: B.\ntype: counter\nprobe: a:b\nmax_series: 5"})},
      {"b.yaml", "global: {drain_interval: 250ms, max_series: 77}\n"}};
  const LoadResult result = load(sources);
  ASSERT_THAT(messages(result), IsEmpty());
  EXPECT_EQ(result.config.global.drain_interval, std::chrono::milliseconds(250));
  EXPECT_EQ(result.config.targets[0].metrics[0].max_series, 77U);
  EXPECT_EQ(result.config.targets[0].metrics[1].max_series, 5U);
  EXPECT_EQ(result.config.targets[0].metrics[1].place, "a.yaml:9");
}

TEST(Load, GlobalStandsOnce) {
  const std::vector<SourceText> sources = {{"a.yaml", "global: {max_series: 1}\n"},
                                           {"b.yaml", "global: {max_series: 2}\n"}};
  EXPECT_THAT(messages(load(sources)),
              ElementsAre("b.yaml:1:9: global may stand in one file only, and is already at "
                          "a.yaml:1"));
}

TEST(Load, GlobalSettingsAreChecked) {
  EXPECT_THAT(messages(load_text("global: {drain_interval: 99ms, max_series: 0}\n")),
              ElementsAre("test.yaml:1:26: drain_interval must be between 100ms and 10m, not 99ms",
                          HasSubstr("max_series must be a whole number from 1 to 1000000")));
  EXPECT_THAT(messages(load_text("global: {drain_interval: 11m}\n")),
              ElementsAre(HasSubstr("between 100ms and 10m, not 11m")));
  EXPECT_THAT(
      messages(load_text("global: {drain_interval: 5}\n")),
      ElementsAre("test.yaml:1:26: drain_interval: \"5\" is not a duration: its unit must be "
                  "one of ns, us, ms, s, m, h, as in 5s"));
  EXPECT_THAT(messages(load_text("global: fast\n")),
              ElementsAre("test.yaml:1:9: global must be a map with the keys drain_interval, "
                          "max_series, budget, not a single value"));
}

TEST(Load, EveryMistakeOfEveryFileInOnePass) {
  const std::vector<SourceText> sources = {
      {"a.yaml", "targets: {}\nglobal: {max_series: x}\n"},
      {"b.yaml", "targets: [\n"},
      {"c.yaml", "goblal: {}\n"},
  };
  const LoadResult result = load(sources);
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(
      messages(result),
      ElementsAre("a.yaml:1:10: targets must be a list, not a map",
                  HasSubstr("a.yaml:2:22: max_series must be"),
                  HasSubstr("b.yaml:2:1: not valid YAML: "),
                  "c.yaml:1:1: unknown key \"goblal\" in the file; did you mean \"global\"? "
                  "(allowed: global, targets)"));
}

TEST(Load, DuplicateKeysAreErrors) {
  EXPECT_THAT(messages(load_text("global: {max_series: 1}\nglobal: {max_series: 2}\n")),
              ElementsAre("test.yaml:2:1: duplicate key \"global\" in the file, first on line 1"));
}

TEST(Load, AFileIsAMap) {
  EXPECT_THAT(
      messages(load_text("- a\n")),
      ElementsAre("test.yaml:1:1: the file must be a map with the keys global, targets, not "
                  "a list"));
}

TEST(Load, AnAliasStandsForItsAnchor) {
  const LoadResult result = load_text(
      "targets:\n"
      "  - name: a\n"
      "    processes: &where [{exe: /bin/app}]\n"
      "    metrics: [{name: a_total, help: A., type: counter, probe: 'a:b'}]\n"
      "  - name: b\n"
      "    processes: *where\n"
      "    metrics: [{name: b_total, help: B., type: counter, probe: 'a:b'}]\n");
  ASSERT_THAT(messages(result), IsEmpty());
  EXPECT_EQ(result.config.targets[1].processes[0].exe->text(), "/bin/app");
}

TEST(Load, AMistakeBehindAnAliasIsSaidOnce) {
  EXPECT_THAT(messages(load_text(
                  "targets:\n"
                  "  - name: a\n"
                  "    processes: &where [{pid: x}]\n"
                  "    metrics: [{name: a_total, help: A., type: counter, probe: 'a:b'}]\n"
                  "  - name: b\n"
                  "    processes: *where\n"
                  "    metrics: [{name: b_total, help: B., type: counter, probe: 'a:b'}]\n")),
              ElementsAre(HasSubstr("test.yaml:3:30: pid must be")));
}

TEST(Load, WarningsDoNotStopIt) {
  const LoadResult result = load_text(file_with({"name: a\nhelp: A.\ntype: counter\nprobe: a:a"}));
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.diagnostics.size(), 1U);
}

TEST(Diagnostics, ReadLikeACompilers) {
  EXPECT_EQ((Diagnostic{Severity::error, "f.yaml", 3, 7, "wrong"}.text()), "f.yaml:3:7: wrong");
  EXPECT_EQ((Diagnostic{Severity::warning, "f.yaml", 3, 7, "odd"}.text()),
            "f.yaml:3:7: warning: odd");
  EXPECT_EQ((Diagnostic{Severity::error, "f.yaml", 0, 0, "gone"}.text()), "f.yaml: gone");
}

}  // namespace
}  // namespace sdt::spec
