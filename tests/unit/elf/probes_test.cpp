#include "elf/probes.h"

#include <gmock/gmock.h>

#include "elf_builder.h"

namespace sdt::elf {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t code = ElfBuilder::code_address;
constexpr std::uint64_t data = ElfBuilder::data_address;

ProbeFile read(const ElfBuilder& builder) {
  auto probes = read_probes(builder.build());
  EXPECT_TRUE(probes) << probes.error().message;
  return probes ? *probes : ProbeFile{};
}

Error failure(const ElfBuilder& builder) {
  const auto probes = read_probes(builder.build());
  EXPECT_FALSE(probes);
  return probes ? Error{} : probes.error();
}

std::vector<std::string> names(const ProbeFile& file) {
  std::vector<std::string> result;
  for (const Site& site : file.sites) result.push_back(site.provider + ":" + site.name);
  return result;
}

TEST(Probes, AreReadWithTheirOffsetsInTheFile) {
  const NoteContent note{code + 8, 0, data + 6, "shop", "sale", "8@%rdi -4@%esi"};
  const ProbeFile file = read(ElfBuilder().probes(probe_note(note)));
  ASSERT_THAT(file.sites, SizeIs(1));
  const Site& site = file.sites[0];
  EXPECT_EQ(site.provider, "shop");
  EXPECT_EQ(site.name, "sale");
  EXPECT_EQ(site.address, code + 8);
  EXPECT_EQ(site.offset, ElfBuilder::code_offset + 8);
  EXPECT_EQ(site.semaphore_offset, ElfBuilder::data_offset + 6);
  ASSERT_THAT(site.arguments, SizeIs(2));
  EXPECT_EQ(site.arguments[1].base, Register::rsi);
  EXPECT_THAT(file.skipped, IsEmpty());
}

TEST(Probes, WithoutSemaphoreHaveNone) {
  const ProbeFile file = read(ElfBuilder().probes(probe_note({code})));
  ASSERT_THAT(file.sites, SizeIs(1));
  EXPECT_EQ(file.sites[0].semaphore_offset, 0U);
  EXPECT_THAT(file.sites[0].arguments, IsEmpty());
}

TEST(Probes, SayWhatHazardThereIsAtTheirSite) {
  const ProbeFile file =
      read(ElfBuilder()
               .code({std::byte{0x90}, std::byte{0x0f}, std::byte{0x1f}, std::byte{0x44}})
               .probes(probe_note({code + 1}) + probe_note({code})));
  ASSERT_THAT(file.sites, SizeIs(2));
  EXPECT_EQ(file.sites[0].hazard, Hazard::five_byte_nop);
  EXPECT_EQ(file.sites[1].hazard, Hazard::none);
}

TEST(Probes, OfOneNameMayHaveSeveralSites) {
  const ProbeFile file =
      read(ElfBuilder().probes(probe_note({code, 0, 0, "shop", "sale", "4@%eax"}) +
                               probe_note({code + 1, 0, 0, "shop", "sale", "8@%rbx"}) +
                               probe_note({code + 2, 0, 0, "a", "b"})));
  EXPECT_THAT(names(file), ElementsAre("shop:sale", "shop:sale", "a:b"));
}

TEST(Probes, RepeatedInTheNotesAreReadOnce) {
  const Bytes once = probe_note({code, 0, 0, "shop", "sale"});
  const Bytes same_place = probe_note({code, 0, 0, "shop", "other"});
  const Bytes same_name = probe_note({code + 1, 0, 0, "shop", "sale"});
  const ProbeFile file = read(ElfBuilder().probes(once + same_place + once + same_name + once));
  EXPECT_THAT(names(file), ElementsAre("shop:sale", "shop:other", "shop:sale"));
  EXPECT_THAT(file.skipped, IsEmpty());
}

TEST(Probes, OfAllNoteSectionsAreRead) {
  const ProbeFile file = read(ElfBuilder()
                                  .probes(probe_note({code, 0, 0, "first", "one"}))
                                  .probes(probe_note({code + 1, 0, 0, "second", "two"})));
  EXPECT_THAT(names(file), ElementsAre("first:one", "second:two"));
}

TEST(Probes, NotesOfOthersAreNoProbes) {
  const std::string descriptor = probe_descriptor({code});
  const ProbeFile file = read(ElfBuilder().probes(note_record(3, "somebody", descriptor) +
                                                  note_record(2, "stapsdt", descriptor)));
  EXPECT_THAT(file.sites, IsEmpty());
  EXPECT_THAT(file.skipped, IsEmpty());
}

TEST(Probes, AFileWithoutThemIsNoError) {
  EXPECT_THAT(read(ElfBuilder()).sites, IsEmpty());
  EXPECT_THAT(read(ElfBuilder().without_sections()).sites, IsEmpty());
}

TEST(Probes, MovedByPrelinkMoveWithTheBaseSection) {
  constexpr std::uint64_t moved = 0x300;
  const ProbeFile file =
      read(ElfBuilder()
               .base_at(0x9000 + moved)
               .probes(probe_note({code + 8 - moved, 0x9000, data + 4 - moved, "shop", "sale"})));
  ASSERT_THAT(file.sites, SizeIs(1));
  EXPECT_EQ(file.sites[0].address, code + 8);
  EXPECT_EQ(file.sites[0].offset, ElfBuilder::code_offset + 8);
  EXPECT_EQ(file.sites[0].semaphore_offset, ElfBuilder::data_offset + 4);
}

TEST(Probes, MayHaveMovedDown) {
  const ProbeFile file =
      read(ElfBuilder().base_at(0x1000).probes(probe_note({code + 0x8000, 0x9000})));
  ASSERT_THAT(file.sites, SizeIs(1));
  EXPECT_EQ(file.sites[0].address, code);
}

TEST(Probes, WithABaseOfZeroHaveNotMoved) {
  const ProbeFile file = read(ElfBuilder().base_at(0x9000).probes(probe_note({code, 0})));
  ASSERT_THAT(file.sites, SizeIs(1));
  EXPECT_EQ(file.sites[0].address, code);
}

TEST(Probes, OfAFileWithoutBaseSectionHaveNotMoved) {
  const ProbeFile file = read(ElfBuilder().probes(probe_note({code, 0x9000})));
  ASSERT_THAT(file.sites, SizeIs(1));
  EXPECT_EQ(file.sites[0].address, code);
}

TEST(Probes, FindSymbolsInBothTables) {
  const ProbeFile file = read(
      ElfBuilder()
          .probes(probe_note({code, 0, 0, "shop", "sale", "4@exported(%rip) 4@8+hidden(%rip)"}))
          .symbols(SHT_DYNSYM, {{"exported", data}})
          .symbols(SHT_SYMTAB, {{"hidden", data + 16}, {"exported", data}}));
  ASSERT_THAT(file.sites, SizeIs(1));
  ASSERT_THAT(file.sites[0].arguments, SizeIs(2));
  EXPECT_EQ(file.sites[0].arguments[0].kind, Argument::Kind::in_memory);
  EXPECT_EQ(file.sites[0].arguments[0].offset, static_cast<std::int64_t>(data - code));
  EXPECT_EQ(file.sites[0].arguments[1].offset, static_cast<std::int64_t>(data + 24 - code));
}

TEST(Probes, DoNotGuessBetweenSymbolsOfOneName) {
  const ProbeFile file = read(ElfBuilder()
                                  .probes(probe_note({code, 0, 0, "shop", "sale", "4@twice(%rip)"}))
                                  .symbols(SHT_SYMTAB, {{"twice", data}, {"twice", data + 8}}));
  ASSERT_THAT(file.sites, SizeIs(1));
  EXPECT_THAT(file.sites[0].arguments[0].reason, HasSubstr("where twice is cannot be told"));
}

TEST(Probes, TakeNoSymbolThatHasNoFixedPlace) {
  const ProbeFile file =
      read(ElfBuilder()
               .probes(probe_note({code, 0, 0, "shop", "sale",
                                   "4@imported(%rip) 4@per_thread(%rip) 4@absolute(%rip)"}))
               .symbols(SHT_DYNSYM, {{"imported", 0, STT_OBJECT, SHN_UNDEF},
                                     {"per_thread", 16, STT_TLS},
                                     {"absolute", data, STT_OBJECT, SHN_ABS}}));
  ASSERT_THAT(file.sites, SizeIs(1));
  for (const Argument& argument : file.sites[0].arguments) {
    EXPECT_EQ(argument.kind, Argument::Kind::unavailable) << argument.text;
  }
}

TEST(Probes, OutsideTheCodeAreSkipped) {
  const ProbeFile file = read(ElfBuilder().probes(
      probe_note({0x99, 0, 0, "shop", "nowhere"}) + probe_note({data, 0, 0, "shop", "in_data"}) +
      probe_note({code + ElfBuilder::segment_size, 0, 0, "shop", "past_end"}) +
      probe_note({code, 0, 0, "shop", "sound"})));
  EXPECT_THAT(names(file), ElementsAre("shop:sound"));
  ASSERT_THAT(file.skipped, SizeIs(3));
  EXPECT_EQ(file.skipped[0].reason, "shop:nowhere: its address 0x99 is not in the file's code");
  EXPECT_EQ(file.skipped[0].provider, "shop");
  EXPECT_EQ(file.skipped[0].name, "nowhere");
}

TEST(Probes, WhoseSemaphoreIsNotInTheFilesDataAreSkipped) {
  const std::uint64_t zeroed = data + ElfBuilder::segment_size;
  const ProbeFile file =
      read(ElfBuilder().probes(probe_note({code, 0, code, "shop", "in_code"}) +
                               probe_note({code, 0, zeroed, "shop", "in_bss"}) +
                               probe_note({code, 0, zeroed - 1, "shop", "half_in_bss"}) +
                               probe_note({code, 0, zeroed - 2, "shop", "sound"})));
  EXPECT_THAT(names(file), ElementsAre("shop:sound"));
  ASSERT_THAT(file.skipped, SizeIs(3));
  EXPECT_THAT(file.skipped[1].reason,
              HasSubstr("its semaphore's address 0x22040 is not in writable"));
}

TEST(Probes, BuildIdIsReadFromItsSection) {
  const std::string id("\x01\x23\xab\xff", 4);
  EXPECT_EQ(read(ElfBuilder().section(".note.gnu.build-id", SHT_NOTE,
                                      note_record(NT_GNU_BUILD_ID, "GNU", id)))
                .build_id,
            "0123abff");
  EXPECT_EQ(read(ElfBuilder()).build_id, "");
}

TEST(Probes, BuildIdIsReadFromItsSegmentWhereThereAreNoSections) {
  const Bytes note = note_record(NT_GNU_BUILD_ID, "GNU", "\x11\x22\x33\x44");
  ElfBuilder builder;
  builder.section("", SHT_NOTE, note);
  const std::uint64_t first_section_at = ElfBuilder::data_offset + ElfBuilder::segment_size;
  builder.notes_segment(first_section_at, note.size()).without_sections();
  EXPECT_EQ(read(builder).build_id, "11223344");
}

TEST(Probes, AreFoundWithExtendedNumbering) {
  const ProbeFile file = read(ElfBuilder().probes(probe_note({code})).with_extended_numbering());
  EXPECT_THAT(names(file), ElementsAre("shop:sale"));
}

TEST(Probes, ProgramsAtAFixedAddressAreReadToo) {
  ElfBuilder builder;
  builder.header.e_type = ET_EXEC;
  EXPECT_THAT(names(read(builder.probes(probe_note({code})))), ElementsAre("shop:sale"));
}

TEST(Probes, OfOtherKindsOfFilesAreRefusedByName) {
  const std::string_view text = "#!/bin/sh\n";
  const auto script = read_probes(std::as_bytes(std::span(text)));
  ASSERT_FALSE(script);
  EXPECT_EQ(script.error().code, Errc::unsupported);
  EXPECT_EQ(script.error().message, "this is not an ELF file");

  ElfBuilder other_machine;
  other_machine.header.e_machine = EM_AARCH64;
  EXPECT_EQ(failure(other_machine).code, Errc::unsupported);
  EXPECT_THAT(failure(other_machine).message, HasSubstr("machine 183"));

  ElfBuilder narrow;
  narrow.header.e_ident[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(failure(narrow).code, Errc::unsupported);

  ElfBuilder big_endian;
  big_endian.header.e_ident[EI_DATA] = ELFDATA2MSB;
  EXPECT_EQ(failure(big_endian).code, Errc::unsupported);

  ElfBuilder object;
  object.header.e_type = ET_REL;
  EXPECT_EQ(failure(object).code, Errc::unsupported);
  EXPECT_THAT(failure(object).message, HasSubstr("neither a program nor a shared library"));
}

}  // namespace
}  // namespace sdt::elf
