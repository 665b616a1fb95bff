// Which sites a metric gets, and what it is told when it cannot have them.
#include "plan/select.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::plan {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

elf::Argument in_register(const char* text) {
  elf::Argument argument;
  argument.kind = elf::Argument::Kind::in_register;
  argument.base = elf::Register::rax;
  argument.text = text;
  return argument;
}

elf::Argument unavailable(const char* text, const char* reason) {
  elf::Argument argument;
  argument.text = text;
  argument.reason = reason;
  return argument;
}

elf::Site site(const char* name, std::uint64_t offset, std::vector<elf::Argument> arguments = {}) {
  elf::Site made;
  made.provider = "shop";
  made.name = name;
  made.offset = offset;
  made.arguments = std::move(arguments);
  return made;
}

elf::ProbeFile file_with(std::vector<elf::Site> sites) {
  elf::ProbeFile file;
  file.sites = std::move(sites);
  return file;
}

spec::ProbePattern pattern(const char* name) {
  return {Glob("shop"), Glob(name)};
}
spec::IntExpr argument(std::uint8_t index) {
  return {{spec::Load{spec::Source::argument, index}}};
}

spec::Metric counter(const char* name) {
  spec::Metric metric;
  metric.source = spec::SingleProbe{pattern(name)};
  metric.value = {{spec::Constant{1}}};
  return metric;
}

spec::Metric interval(const char* start, const char* end) {
  spec::Metric metric;
  metric.source =
      spec::Interval{.start = pattern(start), .end = pattern(end), .start_key = {}, .end_key = {}};
  metric.value = {{spec::Load{spec::Source::elapsed, 0}}};
  return metric;
}

TEST(SelectSites, TakesEverySiteOfTheProbe) {
  const elf::ProbeFile file = file_with({site("sale", 16), site("refund", 32), site("sale", 48)});
  const auto selection = select_sites(counter("sale"), file);
  ASSERT_TRUE(selection);
  ASSERT_THAT(selection->sites, SizeIs(2));
  EXPECT_EQ(selection->sites[0].offset, 16U);
  EXPECT_EQ(selection->sites[1].offset, 48U);
  EXPECT_EQ(selection->roles, role_event);
}

TEST(SelectSites, TakesASiteListedTwiceOnce) {
  const elf::ProbeFile file = file_with({site("sale", 16), site("sale", 16)});
  EXPECT_THAT(select_sites(counter("sale"), file)->sites, SizeIs(1));
}

TEST(SelectSites, KeepsTwoProbesOfOneOffsetApart) {
  const elf::ProbeFile file = file_with({site("sale", 16), site("refund", 16)});
  EXPECT_THAT(select_sites(counter("*"), file)->sites, SizeIs(2));
}

TEST(SelectSites, FindsNothingWithoutCallingItAnError) {
  const elf::ProbeFile file = file_with({site("sale", 16)});
  const auto selection = select_sites(counter("theft"), file);
  ASSERT_TRUE(selection);
  EXPECT_THAT(selection->sites, IsEmpty());
}

TEST(SelectSites, GivesASiteThatStartsAndEndsBothRoles) {
  const elf::ProbeFile file = file_with({site("tick", 16)});
  const auto selection = select_sites(interval("tick", "tick"), file);
  ASSERT_TRUE(selection);
  ASSERT_THAT(selection->sites, SizeIs(1));
  EXPECT_EQ(selection->sites[0].roles, role_start | role_end);
}

TEST(SelectSites, RefusesAnArgumentThatNoSiteHas) {
  spec::Metric metric = counter("sale");
  metric.labels.push_back({"kind", argument(2), {}});
  const auto selection =
      select_sites(metric, file_with({site("sale", 16, {in_register("8@%rax")})}));
  ASSERT_FALSE(selection);
  EXPECT_EQ(selection.error().code, Errc::invalid);
  EXPECT_EQ(selection.error().message, "shop:sale has 1 argument and no arg2");
}

TEST(SelectSites, RefusesAnArgumentThatNoSiteCanDeliver) {
  spec::Metric metric = counter("sale");
  metric.value = argument(0);
  const auto selection = select_sites(
      metric,
      file_with({site("sale", 16, {unavailable("8@%xmm0", "vector registers are not saved")})}));
  ASSERT_FALSE(selection);
  EXPECT_EQ(selection.error().message,
            "arg0 of shop:sale at 0x10 is declared as 8@%xmm0: vector registers are not saved");
}

TEST(SelectSites, WarnsOfTheSitesThatCannotDeliverWhereOthersCan) {
  spec::Metric metric = counter("sale");
  metric.value = argument(0);
  const auto selection =
      select_sites(metric, file_with({site("sale", 16, {in_register("8@%rax")}),
                                      site("sale", 32, {unavailable("8@%xmm0", "no")})}));
  ASSERT_TRUE(selection);
  EXPECT_THAT(selection->sites, SizeIs(2));
  ASSERT_THAT(selection->warnings, SizeIs(1));
  EXPECT_THAT(selection->warnings[0], HasSubstr("at 0x20"));
}

TEST(SelectSites, NeverMindsAnUndecodableArgumentThatNobodyReads) {
  const auto selection =
      select_sites(counter("sale"), file_with({site("sale", 16, {unavailable("8@%xmm0", "no")})}));
  ASSERT_TRUE(selection);
  EXPECT_THAT(selection->warnings, IsEmpty());
}

TEST(SelectSites, TakesFloatingPointArgumentsLikeAnyOther) {
  spec::Metric metric = counter("sale");
  metric.value = argument(0);
  elf::Argument real = in_register("8f@%rax");
  real.is_float = true;
  const auto selection = select_sites(metric, file_with({site("sale", 16, {real})}));
  ASSERT_TRUE(selection);
  EXPECT_THAT(selection->sites, SizeIs(1));
  EXPECT_THAT(selection->warnings, IsEmpty());
}

TEST(SelectSites, LooksForStartArgumentsAtTheStartProbe) {
  spec::Metric metric = interval("enter", "leave");
  metric.labels.push_back(
      {"kind", spec::IntExpr{{spec::Load{spec::Source::start_argument, 0}}}, {}});
  EXPECT_TRUE(select_sites(
      metric, file_with({site("enter", 16, {in_register("8@%rax")}), site("leave", 32)})));
  const auto without = select_sites(metric, file_with({site("enter", 16), site("leave", 32)}));
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().message, "shop:enter has 0 arguments and no arg0");
}

TEST(SelectSites, LooksForEachKeyAtItsOwnProbe) {
  spec::Metric metric = interval("enter", "leave");
  auto& pair = std::get<spec::Interval>(metric.source);
  pair.thread_keyed = false;
  pair.start_key = argument(0);
  pair.end_key = argument(1);
  const auto ends_short =
      select_sites(metric, file_with({site("enter", 16, {in_register("8@%rax")}),
                                      site("leave", 32, {in_register("8@%rax")})}));
  ASSERT_FALSE(ends_short);
  EXPECT_EQ(ends_short.error().message, "shop:leave has 1 argument and no arg1");
}

TEST(SelectSites, ChoosesSitesByAConditionOnTheProbe) {
  spec::Metric metric = counter("*");
  metric.where.push_back(
      spec::StringCondition{spec::Attribute::probe, spec::Compare::ne, "refund"});
  const auto selection = select_sites(metric, file_with({site("sale", 16), site("refund", 32)}));
  ASSERT_TRUE(selection);
  ASSERT_THAT(selection->sites, SizeIs(1));
  EXPECT_EQ(selection->sites[0].probe.name, "sale");
}

TEST(SelectSites, LeavesOutFiveByteNopsAndSaysSo) {
  elf::Site risky = site("sale", 32);
  risky.hazard = elf::Hazard::five_byte_nop;
  const auto selection = select_sites(counter("sale"), file_with({site("sale", 16), risky}));
  ASSERT_TRUE(selection);
  ASSERT_THAT(selection->sites, SizeIs(1));
  EXPECT_EQ(selection->sites[0].offset, 16U);
  ASSERT_THAT(selection->refused, SizeIs(1));
  EXPECT_THAT(selection->refused[0], HasSubstr("shop:sale at 0x20 is a 5-byte nop"));
}

TEST(SelectSites, RefusesAProbeThatHasNothingButFiveByteNops) {
  elf::Site risky = site("sale", 32);
  risky.hazard = elf::Hazard::five_byte_nop;
  const auto selection = select_sites(counter("sale"), file_with({risky}));
  ASSERT_FALSE(selection);
  EXPECT_EQ(selection.error().code, Errc::unsupported);
}

TEST(SelectSites, TakesFiveByteNopsWhereTheyAreAllowed) {
  elf::Site risky = site("sale", 32);
  risky.hazard = elf::Hazard::five_byte_nop;
  const auto selection =
      select_sites(counter("sale"), file_with({risky}), {.five_byte_nops = true});
  ASSERT_TRUE(selection);
  EXPECT_THAT(selection->sites, SizeIs(1));
  EXPECT_THAT(selection->refused, IsEmpty());
}

TEST(SelectSites, NeverTakesASiteThatWouldChangeTheProgram) {
  for (const elf::Hazard hazard :
       {elf::Hazard::not_an_instruction, elf::Hazard::unknown_code, elf::Hazard::breakpoint}) {
    elf::Site wrong = site("sale", 32);
    wrong.hazard = hazard;
    const auto selection =
        select_sites(counter("sale"), file_with({wrong}), {.five_byte_nops = true});
    ASSERT_FALSE(selection);
    EXPECT_EQ(selection.error().code, Errc::unsupported);
    EXPECT_EQ(selection.error().message,
              "shop:sale at 0x20 is " + std::string(elf::explain(hazard)));
  }
}

TEST(SelectSites, NamesNotesOfItsProbesThatLeadToNoSite) {
  elf::ProbeFile file = file_with({site("sale", 16)});
  file.skipped = {{0, "shop:sale: its address 0x9 is not in the file's code", "shop", "sale"},
                  {8, "shop:refund: its address 0x9 is not in the file's code", "shop", "refund"},
                  {16, "it is too short for its three addresses", {}, {}}};
  const auto sale = select_sites(counter("sale"), file);
  ASSERT_TRUE(sale);
  EXPECT_THAT(sale->sites, SizeIs(1));
  EXPECT_THAT(sale->refused,
              testing::ElementsAre("shop:sale: its address 0x9 is not in the file's code"));
  const auto refund = select_sites(counter("refund"), file);
  ASSERT_FALSE(refund);
  EXPECT_EQ(refund.error().code, Errc::unsupported);
  EXPECT_EQ(refund.error().message, "shop:refund: its address 0x9 is not in the file's code");
  EXPECT_THAT(select_sites(counter("theft"), file)->refused, IsEmpty());
}

TEST(NeededRoles, AreBothSidesOfAPair) {
  EXPECT_EQ(needed_roles(counter("sale")), role_event);
  EXPECT_EQ(needed_roles(interval("a", "b")), role_start | role_end);
}

}  // namespace
}  // namespace sdt::plan
