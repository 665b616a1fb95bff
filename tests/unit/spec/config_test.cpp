// Questions that the rest of the program asks a metric.
#include "spec/config.h"

#include "unit/spec/helpers.h"

namespace sdt::spec {
namespace {

Metric with_label(const std::string& value) {
  return metric_of("name: a_total\ntype: counter\nprobe: a:b\nlabels: {x: '" + value + "'}");
}

TEST(PerProcess, PidTidAndExeBelongToOneProcess) {
  for (const std::string value : {"pid", "tid", "exe", "pid % 10", "uint32(tid)"}) {
    EXPECT_TRUE(is_per_process(with_label(value))) << value;
  }
  for (const std::string value : {"arg0", "comm", "probe", "uid", "\"exe\"", "str(arg0)"}) {
    EXPECT_FALSE(is_per_process(with_label(value))) << value;
  }
}

TEST(ProcessLifetime, OnlyPidAndTidEndWithTheirProcess) {
  EXPECT_TRUE(has_process_lifetime(with_label("pid")));
  EXPECT_TRUE(has_process_lifetime(with_label("tid")));
  EXPECT_FALSE(has_process_lifetime(with_label("exe")));
  EXPECT_FALSE(has_process_lifetime(with_label("arg0")));
}

std::string fingerprint_under(const std::string& global) {
  const LoadResult result =
      load_text(global + file_with({"name: a_total\nhelp: A.\ntype: counter\nprobe: a:b"}));
  EXPECT_THAT(messages(result), testing::IsEmpty());
  return result.config.targets.at(0).metrics.at(0).fingerprint;
}

TEST(Fingerprint, KnowsTheDefaultsThatApply) {
  EXPECT_EQ(fingerprint_under("global: {max_series: 1000}\n"), fingerprint_under(""));
  EXPECT_NE(fingerprint_under("global: {max_series: 10}\n"), fingerprint_under(""));
  EXPECT_EQ(fingerprint_under("global: {drain_interval: 1s}\n"), fingerprint_under(""));
}

TEST(Regex, MatchesAnywhereUnlessAnchored) {
  const auto loose = Regex::compile("b+");
  ASSERT_TRUE(loose);
  EXPECT_TRUE(loose->matches("abbc"));
  EXPECT_FALSE(loose->matches("ac"));
  EXPECT_EQ(loose->text(), "b+");
  EXPECT_FALSE(Regex::compile("^b+$")->matches("abbc"));
}

TEST(Regex, SaysWhatIsWrong) {
  const auto broken = Regex::compile("a(");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error(), "missing ): a(");
}

}  // namespace
}  // namespace sdt::spec
