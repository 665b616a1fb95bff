#include "expose/basic_auth.h"

#include <crypt.h>
#include <openssl/crypto.h>

#include <cstdint>
#include <memory>

namespace sdt::expose {
namespace {

/// The value of a base64 digit (RFC 4648, section 4); -1 for anything else.
int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  int waiting = 0;  // bits that make no byte yet
  for (const char c : text) {
    const int digit = digit_of(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    waiting += 6;
    if (waiting < 8) continue;
    waiting -= 8;
    bytes.push_back(static_cast<char>(bits >> waiting & 0xff));
  }
  return bytes;
}

bool starts_with_basic(std::string_view header) {
  constexpr std::string_view scheme = "basic ";
  if (header.size() < scheme.size()) return false;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = header[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != scheme[i]) return false;
  }
  return true;
}

bool is_bcrypt_digit(char c) {
  return c == '.' || c == '/' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
         (c >= 'a' && c <= 'z');
}

}  // namespace

std::optional<Credentials> parse_authorization(std::string_view header) {
  if (!starts_with_basic(header)) return std::nullopt;
  header.remove_prefix(std::string_view("basic ").size());
  while (header.starts_with(' ')) header.remove_prefix(1);
  const auto text = decode_base64(header);
  if (!text) return std::nullopt;
  const std::size_t colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

std::optional<int> bcrypt_cost(std::string_view hash) {
  constexpr std::size_t length = 60;  // $2b$10$, a salt of 22 characters, a sum of 31
  if (hash.size() != length || !hash.starts_with("$2") || hash[3] != '$' || hash[6] != '$') {
    return std::nullopt;
  }
  if (hash[2] != 'a' && hash[2] != 'b' && hash[2] != 'y') return std::nullopt;
  const int tens = hash[4] - '0';
  const int ones = hash[5] - '0';
  if (tens < 0 || tens > 3 || ones < 0 || ones > 9) return std::nullopt;
  const int cost = tens * 10 + ones;
  if (cost < 4 || cost > 31) return std::nullopt;
  for (const char c : hash.substr(7)) {
    if (!is_bcrypt_digit(c)) return std::nullopt;
  }
  return cost;
}

bool bcrypt_matches(const std::string& hash, const std::string& password) {
  // 32 KiB, and it must begin as zeros.
  const auto data = std::make_unique<crypt_data>();
  const char* computed = crypt_r(password.c_str(), hash.c_str(), data.get());
  const bool matches = computed != nullptr && is_same_secret(computed, hash);
  OPENSSL_cleanse(data.get(), sizeof *data);
  // crypt(3) ends at a zero byte: what stands behind one would not be looked at.
  return matches && password.find('\0') == std::string::npos;
}

bool is_same_secret(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace sdt::expose
