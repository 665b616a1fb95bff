#include "metrics/utf8.h"

#include <cstddef>
#include <cstdint>

namespace sdt::metrics {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

/// What a first byte promises: how many bytes follow, and the range of the first of them. That
/// range is what rules out overlong forms, surrogates and code points above U+10FFFF.
struct Lead {
  std::size_t following = 0;
  std::uint8_t lowest = 0x80;
  std::uint8_t highest = 0xBF;
};

bool read_lead(std::uint8_t byte, Lead& lead) {
  if (byte < 0xC2 || byte > 0xF4) return false;  // ASCII is handled before; C0 and C1 are overlong
  if (byte < 0xE0) {
    lead = {1};
  } else if (byte < 0xF0) {
    lead = {2};
    if (byte == 0xE0) lead.lowest = 0xA0;
    if (byte == 0xED) lead.highest = 0x9F;
  } else {
    lead = {3};
    if (byte == 0xF0) lead.lowest = 0x90;
    if (byte == 0xF4) lead.highest = 0x8F;
  }
  return true;
}

/// Length of the well-formed sequence at the start of `text`, 0 when there is none.
std::size_t sequence_length(std::string_view text) {
  const std::uint8_t first = byte_at(text, 0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  Lead lead;
  if (!read_lead(first, lead) || text.size() <= lead.following) return 0;
  if (byte_at(text, 1) < lead.lowest || byte_at(text, 1) > lead.highest) return 0;
  for (std::size_t i = 2; i <= lead.following; ++i) {
    if ((byte_at(text, i) & 0xC0U) != 0x80U) return 0;
  }
  return lead.following + 1;
}

}  // namespace

std::string to_valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    valid += length == 0 ? replacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return valid;
}

}  // namespace sdt::metrics
