// What tracing a target may cost.
#include "unit/spec/helpers.h"

namespace sdt::spec {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A file with two targets of one metric each; the first has the given budget.
LoadResult load_budgets(const std::string& global, const std::string& target) {
  std::string text;
  if (!global.empty()) text += "global:\n  budget: " + global + "\n";
  text += "targets:\n";
  for (const std::string name : {"first", "second"}) {
    text += "  - name: " + name + "\n    processes: [{exe: /bin/app}]\n";
    if (name == "first" && !target.empty()) text += "    budget: " + target + "\n";
    text += "    metrics: [{name: " + name + "_total, help: X., type: counter, probe: 'a:b'}]\n";
  }
  return load_text(text);
}

Budget budget_of(const std::string& global, const std::string& target, std::size_t index = 0) {
  const LoadResult result = load_budgets(global, target);
  EXPECT_THAT(messages(result), IsEmpty());
  return result.config.targets.at(index).budget;
}

std::vector<std::string> complaints_about(const std::string& target) {
  return messages(load_budgets("", target));
}

TEST(Budget, IsTenPercentOfTheMachineUnlessSaidOtherwise) {
  EXPECT_EQ(budget_of("", ""), (Budget{std::nullopt, 0.1, 1min}));
  EXPECT_EQ(budget_of("{}", "{}"), (Budget{std::nullopt, 0.1, 1min}));
}

TEST(Budget, HasThreeKeys) {
  EXPECT_EQ(budget_of("", "{hits_per_second: 50000, cpu: 2%, retry_after: 30s}"),
            (Budget{50'000, 0.02, 30s}));
  EXPECT_EQ(budget_of("", "{cpu: 0.25%}").cpu, 0.0025);
  EXPECT_EQ(budget_of("", "{cpu: 100%}").cpu, 1);
}

TEST(Budget, BothLimitsCanBeTakenAway) {
  EXPECT_EQ(budget_of("", "{hits_per_second: unlimited, cpu: unlimited}"),
            (Budget{std::nullopt, std::nullopt, 1min}));
}

TEST(Budget, OfGlobalHoldsForEveryTarget) {
  EXPECT_EQ(budget_of("{hits_per_second: 9, cpu: 3%}", "", 0), (Budget{9, 0.03, 1min}));
  EXPECT_EQ(budget_of("{hits_per_second: 9, cpu: 3%}", "", 1), (Budget{9, 0.03, 1min}));
}

TEST(Budget, ATargetsKeysGoBeforeTheGlobalOnesOneByOne) {
  const std::string global = "{hits_per_second: 9, cpu: 3%, retry_after: 5m}";
  EXPECT_EQ(budget_of(global, "{cpu: 4%}"), (Budget{9, 0.04, 5min}));
  EXPECT_EQ(budget_of(global, "{hits_per_second: unlimited}"), (Budget{std::nullopt, 0.03, 5min}));
  EXPECT_EQ(budget_of(global, "{cpu: 4%}", 1), (Budget{9, 0.03, 5min}));
}

TEST(Budget, OfGlobalMayStandInALaterFile) {
  const std::vector<SourceText> sources = {
      {"a.yaml",
       "targets: [{name: a, processes: [{pid: 1}], metrics: [{name: a_total, help: X., "
       "type: counter, probe: 'a:b'}]}]\n"},
      {"b.yaml", "global: {budget: {cpu: 7%}}\n"}};
  EXPECT_EQ(load(sources).config.targets.at(0).budget.cpu, 0.07);
}

TEST(Budget, IsNoPartOfWhatAMetricIs) {
  const auto fingerprint = [](const std::string& budget) {
    return load_budgets("", budget).config.targets.at(0).metrics.at(0).fingerprint;
  };
  EXPECT_EQ(fingerprint("{cpu: 4%}"), fingerprint("{cpu: unlimited}"));
}

TEST(Budget, MistakesAreNamedWithTheirPlaceAndWhatIsAllowed) {
  EXPECT_THAT(complaints_about("{hits_per_second: 0}"),
              ElementsAre("test.yaml:4:31: hits_per_second must be a whole number from 1 to "
                          "1000000000000, or unlimited, not \"0\""));
  EXPECT_THAT(complaints_about("{hits_per_second: 1.5}"), ElementsAre(HasSubstr("not \"1.5\"")));
  EXPECT_THAT(complaints_about("{hits_per_second: [1]}"), ElementsAre(HasSubstr("not a list")));
  for (const std::string wrong : {"2", "0%", "101%", "-1%", "2s%", "1e1%", "%", "2%%", "two%"}) {
    EXPECT_THAT(complaints_about("{cpu: '" + wrong + "'}"),
                ElementsAre("test.yaml:4:19: cpu must be a percentage of the machine's CPU time, "
                            "above 0% and up to 100%, such as 2%, or unlimited, not \"" +
                            wrong + "\""));
  }
  EXPECT_THAT(complaints_about("{retry_after: 500ms}"),
              ElementsAre("test.yaml:4:27: retry_after must be between 1s and 1h, not 500ms"));
  EXPECT_THAT(complaints_about("{retry_after: soon}"),
              ElementsAre(HasSubstr("4:27: retry_after:")));
  EXPECT_THAT(complaints_about("{cpus: 2%}"),
              ElementsAre(HasSubstr("unknown key \"cpus\" in a budget; did you mean \"cpu\"? "
                                    "(allowed: hits_per_second, cpu, retry_after)")));
  EXPECT_THAT(complaints_about("5%"),
              ElementsAre(HasSubstr("a budget must be a map with the keys hits_per_second, cpu, "
                                    "retry_after, not a single value")));
}

}  // namespace
}  // namespace sdt::spec
