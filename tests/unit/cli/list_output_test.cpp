#include "cli/list_output.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace sdt::cli {
namespace {

using elf::Argument;
using nlohmann::json;

Argument in_register() {
  Argument argument;
  argument.kind = Argument::Kind::in_register;
  argument.base = elf::Register::rdi;
  argument.size = 4;
  argument.is_signed = true;
  argument.text = "-4@%edi";
  return argument;
}

Argument vector_register() {
  Argument argument;
  argument.is_float = true;
  argument.text = "8f@%xmm0";
  argument.reason = "it is out of reach";
  return argument;
}

ListedFile shop() {
  ListedFile file{"/srv/shop", {}};
  file.probes.build_id = "0123ab";
  file.probes.sites = {
      {"shop", "refund", 0x1100, 0x100, 0, {}},
      {"shop", "sale", 0x1200, 0x200, 0x3000, {in_register(), vector_register()}},
      {"shop", "sale", 0x1300, 0x300, 0x3000, {in_register()}},
  };
  file.probes.skipped = {{0x40, "it is damaged"}};
  return file;
}

TEST(ListAsText, ShowsALineASite) {
  EXPECT_EQ(list_as_text({shop()}, {}),
            "/srv/shop  (2 probes at 3 sites, build id 0123ab)\n"
            "  PROBE        ADDRESS  OFFSET  SEMAPHORE  ARGUMENTS\n"
            "  shop:refund  0x1100   0x100   -          -\n"
            "  shop:sale    0x1200   0x200   0x3000     -4@%edi 8f@%xmm0\n"
            "      arg1 8f@%xmm0 is unavailable: it is out of reach\n"
            "  shop:sale    0x1300   0x300   0x3000     -4@%edi\n"
            "  skipped the note at 0x40 of its section: it is damaged\n");
}

TEST(ListAsText, SaysWhatAProbeCouldDoToTheProgram) {
  ListedFile file{"/a", {}};
  file.probes.sites = {{"p", "n", 1, 1, 0, {}, elf::Hazard::breakpoint}};
  EXPECT_THAT(
      list_as_text({file}, {}),
      testing::HasSubstr("\n      hazard: the place is a breakpoint (int3) of the program's "
                         "own, which it would not see any more\n"));
}

TEST(ListAsJson, HasTheHazardOfASiteThatHasOne) {
  ListedFile file = shop();
  file.probes.sites[0].hazard = elf::Hazard::five_byte_nop;
  const json probes = json::parse(list_as_json({file}))["files"][0]["probes"];
  EXPECT_EQ(probes[0]["sites"][0]["hazard"], "five_byte_nop");
  EXPECT_FALSE(probes[1]["sites"][0].contains("hazard"));
}

TEST(ListAsText, SeparatesFilesByAnEmptyLine) {
  ListedFile one{"/a", {}};
  one.probes.sites = {{"p", "n", 1, 1, 0, {}}};
  ListedFile two = one;
  two.path = "/b";
  EXPECT_EQ(list_as_text({one, two}, {}),
            "/a  (1 probe at 1 site)\n"
            "  PROBE  ADDRESS  OFFSET  SEMAPHORE  ARGUMENTS\n"
            "  p:n    0x1      0x1     -          -\n"
            "\n"
            "/b  (1 probe at 1 site)\n"
            "  PROBE  ADDRESS  OFFSET  SEMAPHORE  ARGUMENTS\n"
            "  p:n    0x1      0x1     -          -\n");
}

TEST(ListAsText, LetsNoControlCharacterThrough) {
  ListedFile file{"/tmp/\x1b[2J", {}};
  file.probes.sites = {{"p\n", "n\x7f", 1, 1, 0, {vector_register()}}};
  file.probes.sites[0].arguments[0].text = "\r\xc2\x9b";
  file.probes.sites[0].arguments[0].reason = "\"\a\" is no operand";
  file.probes.skipped = {{0, "\b"}};
  const std::string text = list_as_text({file}, {});
  for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << int{c};
  EXPECT_THAT(text, testing::HasSubstr("/tmp/\\x1b[2J"));
  EXPECT_THAT(text, testing::HasSubstr("p\\x0a:n\\x7f"));
  EXPECT_THAT(text, testing::HasSubstr("arg0 \\x0d\\xc2\\x9b is unavailable: \"\\x07\""));
}

TEST(ListAsText, PaintsWhereColoursAreWanted) {
  ListedFile file{"/a", {}};
  file.probes.sites = {{"p", "n", 1, 1, 0, {}, elf::Hazard::breakpoint}};
  const std::string text = list_as_text({file}, {.colours = true});
  EXPECT_THAT(text, testing::HasSubstr("\x1b[1m/a\x1b[0m  (1 probe at 1 site)"));
  EXPECT_THAT(text, testing::HasSubstr("\x1b[36mp:n\x1b[0m"));
  EXPECT_THAT(text, testing::HasSubstr("\x1b[31mhazard: "));
}

TEST(ListAsText, OfNothingIsNothing) {
  EXPECT_EQ(list_as_text({}, {}), "");
}

TEST(ListAsJson, GroupsSitesByProbe) {
  const json expected = json::parse(R"({"files": [{
    "path": "/srv/shop",
    "build_id": "0123ab",
    "skipped": [{"offset": 64, "reason": "it is damaged"}],
    "probes": [
      {"provider": "shop", "name": "refund", "sites": [
        {"address": 4352, "offset": 256, "semaphore_offset": 0, "arguments": []}]},
      {"provider": "shop", "name": "sale", "sites": [
        {"address": 4608, "offset": 512, "semaphore_offset": 12288, "arguments": [
          {"text": "-4@%edi", "size": 4, "signed": true, "float": false, "kind": "register"},
          {"text": "8f@%xmm0", "size": 8, "signed": false, "float": true, "kind": "unavailable",
           "reason": "it is out of reach"}]},
        {"address": 4864, "offset": 768, "semaphore_offset": 12288, "arguments": [
          {"text": "-4@%edi", "size": 4, "signed": true, "float": false, "kind": "register"}]}]}]
  }]})");
  EXPECT_EQ(json::parse(list_as_json({shop()})), expected);
}

TEST(ListAsJson, NamesEveryKindOfArgument) {
  ListedFile file{"/a", {}};
  Argument constant, memory;
  constant.kind = Argument::Kind::constant;
  memory.kind = Argument::Kind::in_memory;
  file.probes.sites = {{"p", "n", 1, 1, 0, {constant, in_register(), memory, vector_register()}}};
  const json document = json::parse(list_as_json({file}));
  std::vector<std::string> kinds;
  for (const auto& argument : document["files"][0]["probes"][0]["sites"][0]["arguments"]) {
    kinds.push_back(argument["kind"]);
  }
  EXPECT_THAT(kinds, testing::ElementsAre("constant", "register", "memory", "unavailable"));
}

TEST(ListAsJson, ReplacesBytesThatAreNotUtf8) {
  ListedFile file{"/a\xff", {}};
  EXPECT_EQ(json::parse(list_as_json({file}))["files"][0]["path"], "/a\xef\xbf\xbd");
}

TEST(ListAsJson, OfNothingIsAnEmptyList) {
  EXPECT_EQ(json::parse(list_as_json({})), json::parse(R"({"files": []})"));
}

}  // namespace
}  // namespace sdt::cli
