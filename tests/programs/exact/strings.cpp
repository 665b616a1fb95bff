// Strings and other memory that arguments point at.
#include <sys/mman.h>
#include <sys/sdt.h>

#include <array>
#include <cstdint>
#include <string>

#include "exact/case.h"

namespace exact {
namespace {

// Strings that this program only passes on. Each starts a block as large as what the kernel maps
// around one page fault, so reading one does not bring in another; nothing here ever reads them.
constexpr std::size_t block_size = 64 * 1024;
constexpr std::size_t block_count = 32;

struct alignas(block_size) Block {
  char text[block_size];
};

constexpr Block make_block(std::size_t number) {
  Block block = {"constant 00"};
  block.text[9] = static_cast<char>('0' + number / 10);
  block.text[10] = static_cast<char>('0' + number % 10);
  return block;
}

template <std::size_t... Numbers>
constexpr std::array<Block, sizeof...(Numbers)> make_blocks(std::index_sequence<Numbers...>) {
  return {make_block(Numbers)...};
}

constexpr std::array<Block, block_count> blocks =
    make_blocks(std::make_index_sequence<block_count>());

std::string name_of_block(std::size_t number) {
  return {'c',
          'o',
          'n',
          's',
          't',
          'a',
          'n',
          't',
          ' ',
          static_cast<char>('0' + number / 10),
          static_cast<char>('0' + number % 10)};
}

[[gnu::noinline]] void fire_cold(const char* text) {
  DTRACE_PROBE1(exact, cold, text);
}
[[gnu::noinline]] void fire_text(const char* text) {
  DTRACE_PROBE1(exact, text, text);
}
[[gnu::noinline]] void fire_text_again(std::uint64_t, const char* text) {
  DTRACE_PROBE1(exact, text, text);
}
[[gnu::noinline]] void fire_bytes(const char* start, std::int32_t length) {
  DTRACE_PROBE2(exact, bytes, start, length);
}
[[gnu::noinline]] void fire_pick(std::int32_t number, const char* word) {
  DTRACE_PROBE2(exact, pick, number, word);
}

struct Inner {
  std::uint32_t padding;
  std::int32_t number;
  const char* name;
};
struct Outer {
  std::uint64_t padding[2];
  const Inner* inner;
  std::uint16_t small;
};

[[gnu::noinline]] void fire_node(const Outer* outer, std::uint64_t shifted) {
  DTRACE_PROBE2(exact, node, outer, shifted);
}

}  // namespace

void fire_cold_strings(Truth& truth, unsigned rounds) {
  for (unsigned round = 0; round < rounds; ++round) {
    // Give the pages back: they are as untouched as at the start.
    madvise(const_cast<Block*>(blocks.data()), sizeof blocks, MADV_DONTNEED);
    for (std::size_t number = 0; number < block_count; ++number) {
      fire_cold(blocks[number].text);
      ++truth[{"cold", json(name_of_block(number))}].count;
    }
  }
}

void add_string_cases(Cases& cases) {
  static const std::string texts[] = {
      "",
      "x",
      "with \"quotes\", a \\backslash\\ and a\nnewline",
      "na\xc3\xafve \xe2\x82\xac",  // two and three bytes a character
      "not \xff UTF-8 \xc0",        // bytes that begin no character
      std::string(63, 'a') + "",    // one short of the longest
      std::string(64, 'b'),         // the longest that is not cut
      std::string(65, 'c'),         // one byte goes
      std::string(200, 'd'),
  };
  for (const std::string& text : texts) {
    cases.push_back({{"text", json(text)}, [&text] { fire_text(text.c_str()); }});
    cases.push_back({{"text", json(text)}, [&text] { fire_text_again(1, text.c_str()); }});
  }
  static const std::string letters = [] {
    std::string text;
    while (text.size() < 208) text += "abcdefghijklmnopqrstuvwxyz";
    return text;
  }();
  // Those above 64 and 128 are cut.
  for (const std::int32_t length : {0, 1, 7, 26, 64, 65, 128, 129, 200}) {
    cases.push_back(
        {{"bytes", json(std::string_view(letters).substr(0, static_cast<std::size_t>(length)))},
         [length] { fire_bytes(letters.data(), length); }});
  }
}

void add_memory_cases(Cases& cases) {
  for (const std::int32_t number : {-10, 9, 10, 11, 99, 100}) {
    for (const char* word : {"yes", "no", "yesterday"}) {
      cases.push_back({{"pick", json(std::int64_t{number}) + "," + json(std::string_view(word))},
                       [number, word] { fire_pick(number, word); }});
    }
  }
  static const Inner inners[] = {{0xdead, -5, "inner one"}, {0xbeef, 2'000'000'000, "inner two"}};
  static const Outer outers[] = {{{1, 2}, &inners[0], 65535}, {{3, 4}, &inners[1], 0}};
  for (const Outer& outer : outers) {
    cases.push_back(
        {{"node", json(std::int64_t{outer.inner->number}) + "," +
                      json(std::string_view(outer.inner->name)) + "," +
                      json(std::uint64_t{outer.small}) + "," + json(std::uint64_t{0x1234'5678})},
         [&outer] { fire_node(&outer, 0x1234'5678); }});
  }
}

}  // namespace exact
