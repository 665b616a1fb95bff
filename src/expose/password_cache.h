// Passwords that were right before.
//
// Purpose:   bcrypt once for each user, not for each scrape. Remembers keyed hashes (HMAC-SHA-256
//            under a random key of this process) of name, stored hash and password; never the
//            password. Wrong ones are not remembered: each guess costs its bcrypt.
// Ownership: owns its key.
// Thread:    any, one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "expose/basic_auth.h"

namespace sdt::expose {

class PasswordCache {
 public:
  PasswordCache();

  [[nodiscard]] bool knows(const User& user, std::string_view password) const;
  void remember(const User& user, std::string_view password);

  /// The user whose hash a stranger's password is compared with (in vain): always the same one for
  /// a name, so that an unknown name looks like any known one to a clock. `users` is not empty.
  [[nodiscard]] const User& stand_in(std::span<const User> users, std::string_view name) const;

 private:
  using Digest = std::array<std::uint8_t, 32>;
  [[nodiscard]] Digest digest_of(std::initializer_list<std::string_view> parts) const;

  std::array<std::uint8_t, 32> key_{};
  std::set<Digest> known_;
};

}  // namespace sdt::expose
