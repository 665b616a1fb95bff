// HTTP's basic authentication: what a client sends, and whether it is right.
//
// Purpose:   the Authorization header as name and password; bcrypt; comparison in constant time.
// Ownership: plain values.
// Thread:    any. bcrypt_matches takes tens of milliseconds and more, so never the loop.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sdt::expose {

struct User {
  std::string name;
  std::string password_hash;  ///< bcrypt
  friend bool operator==(const User&, const User&) = default;
};

struct Credentials {
  std::string name;
  std::string password;
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// Two to the power of it is how many rounds a check takes: 10 took 90 ms, 14 took 1.4 s. The
/// daemon's end waits for a check that has begun, and should not take longer than 2 s.
constexpr int highest_bcrypt_cost = 14;

/// Of "Basic <base64 of name:password>" (RFC 7617); nothing for any other text.
[[nodiscard]] std::optional<Credentials> parse_authorization(std::string_view header);

/// 4 to 31; nothing for a text that is no bcrypt hash.
[[nodiscard]] std::optional<int> bcrypt_cost(std::string_view hash);

[[nodiscard]] bool bcrypt_matches(const std::string& hash, const std::string& password);

/// Takes as long for equal texts as for others of the same length.
[[nodiscard]] bool is_same_secret(std::string_view one, std::string_view other);

}  // namespace sdt::expose
