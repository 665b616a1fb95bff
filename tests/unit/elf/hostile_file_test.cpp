// Files that were cut, damaged, or made to do harm.

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <random>

#include <gmock/gmock.h>

#include "elf/probes.h"
#include "elf_builder.h"

namespace sdt::elf {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t code = ElfBuilder::code_address;
constexpr std::uint64_t data = ElfBuilder::data_address;

/// A file with something of everything.
Bytes rich_file() {
  return ElfBuilder()
      .base_at(0x9000)
      .section(".note.gnu.build-id", SHT_NOTE, note_record(NT_GNU_BUILD_ID, "GNU", "0123"))
      .probes(probe_note({code, 0x9000, data, "shop", "sale", "8@%rdi -4@8+table(%rip) 1@$7"}) +
              probe_note({code + 4, 0x9000, data + 2, "shop", "refund", "8f@-8(%rbp,%rax,4)"}))
      .symbols(SHT_SYMTAB, {{"table", data + 8}})
      .notes_segment(ElfBuilder::code_offset, 16)
      .build();
}

/// Reads a copy that is exactly as large as what it holds, so that a sanitizer sees every step too
/// far.
Result<ProbeFile> read_exactly(const Bytes& file, std::size_t size) {
  const auto copy = std::make_unique<std::byte[]>(size);
  std::memcpy(copy.get(), file.data(), size);
  return read_probes({copy.get(), size});
}

template <class T>
void overwrite(Bytes& file, std::size_t offset, T value) {
  ASSERT_LE(offset + sizeof(T), file.size());
  std::memcpy(file.data() + offset, &value, sizeof(T));
}

TEST(HostileFile, TheWholeOneIsSound) {
  const Bytes file = rich_file();
  const auto probes = read_exactly(file, file.size());
  ASSERT_TRUE(probes) << probes.error().message;
  EXPECT_THAT(probes->sites, SizeIs(2));
  EXPECT_THAT(probes->skipped, IsEmpty());
  EXPECT_EQ(probes->build_id, "30313233");
}

TEST(HostileFile, CutAnywhereIsAnError) {
  const Bytes file = rich_file();
  for (std::size_t size = 0; size < file.size(); ++size) {
    const auto probes = read_exactly(file, size);
    ASSERT_FALSE(probes) << "cut to " << size;
    EXPECT_EQ(probes.error().code, size < SELFMAG ? Errc::unsupported : Errc::invalid)
        << "cut to " << size;
  }
}

TEST(HostileFile, EveryByteMayHoldAnything) {
  const Bytes sound = rich_file();
  for (std::size_t at = 0; at < sound.size(); ++at) {
    for (const auto value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      Bytes damaged = sound;
      damaged[at] = static_cast<std::byte>(value);
      const auto probes = read_exactly(damaged, damaged.size());
      if (probes) {
        EXPECT_LE(probes->sites.size(), 2U) << "byte " << at << " = " << value;
      }
    }
  }
}

TEST(HostileFile, ManyBytesMayHoldAnything) {
  const Bytes sound = rich_file();
  std::mt19937 random(1);
  for (int round = 0; round < 5000; ++round) {
    Bytes damaged = sound;
    for (int i = 0; i < 8; ++i) {
      damaged[random() % damaged.size()] = static_cast<std::byte>(random() & 0xff);
    }
    const auto probes = read_exactly(damaged, damaged.size());
    if (probes) {
      EXPECT_LE(probes->sites.size(), 2U) << "round " << round;
    }
  }
}

TEST(HostileFile, ACorruptNoteIsSkippedAndTheOthersKept) {
  const std::string sound = probe_descriptor({code, 0, 0, "shop", "sale", "8@%rdi"});
  const auto note = [](std::string_view descriptor) {
    return note_record(3, "stapsdt", descriptor);
  };
  const std::string addresses(sound.substr(0, 24));
  const std::pair<std::string, const char*> corrupt[] = {
      {"", "it is too short for its three addresses"},
      {addresses.substr(1), "it is too short for its three addresses"},
      {addresses, "its provider's name is empty or not terminated"},
      {addresses + "shop", "its provider's name is empty or not terminated"},
      {addresses + '\0' + "sale" + '\0' + '\0', "its provider's name is empty or not terminated"},
      {addresses + "shop" + '\0', "its probe's name is empty or not terminated"},
      {addresses + "shop" + '\0' + "sale", "its probe's name is empty or not terminated"},
      {addresses + "shop" + '\0' + '\0' + '\0', "its probe's name is empty or not terminated"},
      {sound.substr(0, sound.size() - 1), "its arguments are not terminated"},
  };
  for (const auto& [descriptor, reason] : corrupt) {
    const Bytes first = note(sound);
    const auto probes =
        read_probes(ElfBuilder()
                        .probes(first + note(descriptor) + probe_note({code + 1, 0, 0, "b", "c"}))
                        .build());
    ASSERT_TRUE(probes) << probes.error().message;
    EXPECT_THAT(probes->sites, SizeIs(2)) << reason;
    ASSERT_THAT(probes->skipped, SizeIs(1)) << reason;
    EXPECT_EQ(probes->skipped[0].offset, first.size());
    EXPECT_EQ(probes->skipped[0].reason, reason);
  }
}

TEST(HostileFile, ANoteWithoutArgumentStringIsAProbeWithoutArguments) {
  std::string descriptor = probe_descriptor({code});
  descriptor.pop_back();  // the NUL of the empty argument string
  const auto probes =
      read_probes(ElfBuilder().probes(note_record(3, "stapsdt", descriptor)).build());
  ASSERT_TRUE(probes) << probes.error().message;
  ASSERT_THAT(probes->sites, SizeIs(1));
  EXPECT_THAT(probes->sites[0].arguments, IsEmpty());
}

TEST(HostileFile, SizesThatRunPastTheSectionEndTheWalk) {
  const Bytes first = probe_note({code, 0, 0, "shop", "sale"});
  for (const std::size_t field : {offsetof(Elf64_Nhdr, n_namesz), offsetof(Elf64_Nhdr, n_descsz)}) {
    for (const std::uint32_t size : {1000U, 0x7fffffffU, 0xfffffffdU, 0xffffffffU}) {
      Bytes notes = first + probe_note({code + 1}) + probe_note({code + 2});
      overwrite(notes, first.size() + field, size);
      const auto probes = read_probes(ElfBuilder().probes(notes).build());
      ASSERT_TRUE(probes) << probes.error().message;
      EXPECT_THAT(probes->sites, SizeIs(1)) << size;
      ASSERT_THAT(probes->skipped, SizeIs(1)) << size;
      EXPECT_EQ(probes->skipped[0].offset, first.size());
      EXPECT_THAT(probes->skipped[0].reason, HasSubstr("run past the end of the section"));
    }
  }
}

TEST(HostileFile, BytesAfterTheLastNoteAreReported) {
  const Bytes note = probe_note({code});
  const auto probes = read_probes(ElfBuilder().probes(note + Bytes(5)).build());
  ASSERT_TRUE(probes) << probes.error().message;
  EXPECT_THAT(probes->sites, SizeIs(1));
  ASSERT_THAT(probes->skipped, SizeIs(1));
  EXPECT_EQ(probes->skipped[0].offset, note.size());
}

TEST(HostileFile, NoteSectionsThatAreTheSameBytesManyTimesAreRefused) {
  // Every section header names the same notes: read one by one they would be far more than the
  // file.
  ElfBuilder builder;
  Bytes notes;
  for (int i = 0; i < 2000; ++i) notes = std::move(notes) + probe_note({code});
  builder.probes(notes);
  for (int i = 0; i < 2000; ++i) builder.probes({});
  Bytes file = builder.build();
  Elf64_Ehdr header;
  std::memcpy(&header, file.data(), sizeof(header));
  Elf64_Shdr first;
  std::memcpy(&first, file.data() + header.e_shoff + sizeof(first), sizeof(first));
  for (std::size_t i = 2; i + 1 < header.e_shnum; ++i) {
    overwrite(file, header.e_shoff + i * sizeof(first) + offsetof(Elf64_Shdr, sh_offset),
              first.sh_offset);
    overwrite(file, header.e_shoff + i * sizeof(first) + offsetof(Elf64_Shdr, sh_size),
              first.sh_size);
  }
  const auto probes = read_probes(file);
  ASSERT_FALSE(probes);
  EXPECT_EQ(probes.error().code, Errc::invalid);
  EXPECT_THAT(probes.error().message, HasSubstr("larger than the file"));
}

TEST(HostileFile, ManySkippedNotesAreCountedAndNotAllKept) {
  Bytes notes;
  const Bytes corrupt = note_record(3, "stapsdt", "");
  for (int i = 0; i < 5000; ++i) notes.insert(notes.end(), corrupt.begin(), corrupt.end());
  const auto probes = read_probes(ElfBuilder().probes(notes).build());
  ASSERT_TRUE(probes) << probes.error().message;
  ASSERT_THAT(probes->skipped, SizeIs(1001));
  EXPECT_EQ(probes->skipped.back().reason, "4000 more notes");
}

TEST(HostileFile, AHundredThousandNotesAreTheLimit) {
  // The smallest note there can be, so that the file stays small.
  const Bytes corrupt = note_record(3, "stapsdt", "");
  Bytes notes;
  notes.reserve(corrupt.size() * 100'002);
  for (int i = 0; i < 100'002; ++i) notes.insert(notes.end(), corrupt.begin(), corrupt.end());
  const auto probes = read_probes(ElfBuilder().probes(std::move(notes)).build());
  ASSERT_TRUE(probes) << probes.error().message;
  EXPECT_EQ(probes->skipped.back().reason, "99001 more notes");
}

TEST(HostileFile, AMillionArgumentsAreTheLimit) {
  std::string arguments;
  for (int i = 0; i < 64; ++i) arguments += "1@$1 ";
  Bytes notes;
  for (std::uint64_t i = 0; i < 1'000'000 / 64 + 2; ++i) {
    const Bytes note = probe_note({code + i % 64, 0, 0, "shop", std::to_string(i), arguments});
    notes.insert(notes.end(), note.begin(), note.end());
  }
  const auto probes = read_probes(ElfBuilder().probes(std::move(notes)).build());
  ASSERT_TRUE(probes) << probes.error().message;
  EXPECT_THAT(probes->sites, SizeIs(1'000'000 / 64 + 1));
  ASSERT_THAT(probes->skipped, SizeIs(1));
  EXPECT_EQ(probes->skipped[0].reason, "it and all that follow: more than 1000000 arguments");
}

TEST(HostileFile, MoreBytesOfNotesThanAnyLinkerMakesAreRefused) {
  const auto probes = read_probes(ElfBuilder().probes(Bytes((256U << 20) + 1)).build());
  ASSERT_FALSE(probes);
  EXPECT_EQ(probes.error().code, Errc::invalid);
  EXPECT_THAT(probes.error().message, HasSubstr("more than 268435456 no linker makes"));
}

TEST(HostileFile, MoreSectionsThanAnyLinkerMakesAreRefused) {
  Bytes file = rich_file();
  const std::uint64_t at = file.size();
  constexpr std::uint64_t count = 100'001;
  file.resize(file.size() + count * sizeof(Elf64_Shdr));
  overwrite(file, offsetof(Elf64_Ehdr, e_shoff), at);
  overwrite(file, offsetof(Elf64_Ehdr, e_shnum), std::uint16_t{0});
  overwrite(file, at + offsetof(Elf64_Shdr, sh_size), count);
  const auto probes = read_probes(file);
  ASSERT_FALSE(probes);
  EXPECT_EQ(probes.error().code, Errc::invalid);
  EXPECT_THAT(probes.error().message, HasSubstr("100001 sections"));
}

TEST(HostileFile, AStringTableWithoutEndCostsNoMoreThanItsSymbols) {
  // Every name starts elsewhere in a megabyte without a NUL.
  constexpr std::size_t count = 200'000;
  Bytes table;
  table.resize(count * sizeof(Elf64_Sym));
  for (std::size_t i = 0; i < count; ++i) {
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<Elf64_Word>(i);
    symbol.st_info = STT_OBJECT;
    symbol.st_shndx = 1;
    overwrite(table, i * sizeof(symbol), symbol);
  }
  ElfBuilder builder;
  builder.probes(probe_note({code, 0, 0, "shop", "sale", "4@table(%rip)"}))
      .section(".symtab", SHT_SYMTAB, table, 0, 3)
      .section(".strtab", SHT_STRTAB, Bytes(1'000'000, std::byte{'a'}));
  const auto began = std::chrono::steady_clock::now();
  const auto probes = read_probes(builder.build());
  ASSERT_TRUE(probes) << probes.error().message;
  EXPECT_EQ(probes->sites.at(0).arguments.at(0).kind, Argument::Kind::unavailable);
  // 2 * 10^8 steps if bounded, 10^11 if not; generous to sanitizers and busy machines.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

TEST(HostileFile, HeaderTablesOutsideTheFileAreRefused) {
  const Bytes sound = rich_file();
  const auto message_with = [&](std::size_t field, auto value) {
    Bytes file = sound;
    overwrite(file, field, value);
    const auto probes = read_probes(file);
    EXPECT_FALSE(probes);
    return probes ? std::string() : probes.error().message;
  };
  const auto far = std::uint64_t{1} << 40;
  EXPECT_THAT(message_with(offsetof(Elf64_Ehdr, e_shoff), far), HasSubstr("section headers at"));
  EXPECT_THAT(message_with(offsetof(Elf64_Ehdr, e_shoff), ~std::uint64_t{0}),
              HasSubstr("section headers at"));
  EXPECT_THAT(message_with(offsetof(Elf64_Ehdr, e_phoff), far), HasSubstr("program headers at"));
  EXPECT_THAT(message_with(offsetof(Elf64_Ehdr, e_shentsize), std::uint16_t{40}),
              HasSubstr("section headers are 40 bytes each, not 64"));
  EXPECT_THAT(message_with(offsetof(Elf64_Ehdr, e_shstrndx), std::uint16_t{999}),
              HasSubstr("section names"));
}

TEST(HostileFile, MoreSegmentsThanAnyLinkerMakesAreRefused) {
  ElfBuilder builder;
  builder.header.e_type = ET_DYN;
  const auto code_segment = builder.segments[0];
  Bytes file;
  // The builder keeps headers before the code; so many have to stand elsewhere.
  file = builder.build();
  const std::uint64_t at = file.size();
  for (int i = 0; i < 200; ++i) {
    const std::size_t end = file.size();
    file.resize(end + sizeof(code_segment));
    overwrite(file, end, code_segment);
  }
  overwrite(file, offsetof(Elf64_Ehdr, e_phoff), at);
  overwrite(file, offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{200});
  const auto probes = read_probes(file);
  ASSERT_FALSE(probes);
  EXPECT_EQ(probes.error().code, Errc::invalid);
  EXPECT_THAT(probes.error().message, HasSubstr("more than 128 segments"));
}

}  // namespace
}  // namespace sdt::elf
