#include "cli/check_output.h"

#include <gmock/gmock.h>

namespace sdt::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

elf::Argument argument(std::string text) {
  elf::Argument argument;
  argument.text = std::move(text);
  return argument;
}

CheckedTarget shop() {
  plan::Selection selection;
  selection.sites = {
      {{"shop", "request__start"},
       plan::role_start,
       0x1100,
       0,
       {argument("8@%rdi"), argument("4@%esi")}},
      {{"shop", "request__done"}, plan::role_end, 0x1200, 0x3000, {}},
  };
  CheckedMetric metric{
      .name = "shop_request_seconds", .map_bytes = 24 * 1024, .files = {}, .problem = ""};
  metric.files.push_back({"/srv/shop", std::move(selection), ""});
  return {.name = "shop", .processes = 1, .metrics = {std::move(metric)}};
}

TEST(CheckAsText, ShowsAVerdictForEachMetricAndALineForEachSite) {
  EXPECT_EQ(check_as_text({shop()}, {}),
            "\n"
            "shop  1 process\n"
            "  shop_request_seconds  ok  24 KiB of maps\n"
            "    /srv/shop\n"
            "      PROBE                ROLE   OFFSET  SEMAPHORE  ARGUMENTS\n"
            "      shop:request__start  start  0x1100  -          arg0=8@%rdi arg1=4@%esi\n"
            "      shop:request__done   end    0x1200  0x3000     -\n"
            "\n"
            "1 of 1 metrics would be attached in full\n");
}

TEST(CheckAsText, SaysWhatIsWrongWithAMetric) {
  CheckedTarget target = shop();
  target.metrics[0].problem = "no file that the processes map has shop:x";
  target.metrics[0].files.clear();
  const std::string text = check_as_text({target}, {});
  EXPECT_THAT(text, HasSubstr("\n  shop_request_seconds  not in full: no file that the processes "
                              "map has shop:x  24 KiB of maps\n"));
  EXPECT_THAT(text, HasSubstr("\n0 of 1 metrics would be attached in full\n"));
}

TEST(CheckAsText, TellsAMetricThatWaitsFromOneThatIsWrong) {
  CheckedTarget target = shop();
  target.processes = 0;
  target.metrics[0].problem = "no file that the processes map has shop:x";
  target.metrics[0].waits_for_process = true;
  const std::string text = check_as_text({target}, {});
  EXPECT_THAT(text, HasSubstr("shop  0 processes\n  shop_request_seconds  waits for a process"));
  EXPECT_THAT(text, HasSubstr("\n0 of 1 metrics would be attached in full\n"));
}

TEST(CheckAsText, SaysWhatAFileRefuses) {
  CheckedTarget target = shop();
  plan::Selection& selection = target.metrics[0].files[0].selection;
  selection.refused = {"shop:request__start at 0x40 is a breakpoint"};
  selection.warnings = {"arg1 of shop:request__start is unavailable"};
  target.metrics[0].files.push_back({"/srv/other", {}, "arg7 is not there"});
  const std::string text = check_as_text({target}, {});
  EXPECT_THAT(text,
              HasSubstr("      hazard, not attached: shop:request__start at 0x40 is a breakpoint\n"
                        "      events lost (fault): arg1 of shop:request__start is unavailable\n"
                        "    /srv/other\n"
                        "      cannot attach: arg7 is not there\n"));
}

TEST(CheckAsText, LetsNoControlCharacterThrough) {
  CheckedTarget target = shop();
  CheckedFile& file = target.metrics[0].files[0];
  file.path = "/tmp/\x1b[2J";
  file.problem = "\a";
  file.selection.sites[0].probe.name = "n\x7f";
  file.selection.sites[0].arguments[0].text = "\r";
  file.selection.refused = {"\b"};
  for (const char c : check_as_text({target}, {})) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
}

TEST(CheckAsText, PaintsWhereColoursAreWanted) {
  EXPECT_THAT(check_as_text({shop()}, {.colours = true}), HasSubstr("\x1b[32mok\x1b[0m"));
  EXPECT_THAT(check_as_text({shop()}, {}), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace sdt::cli
