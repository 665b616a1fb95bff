#include "expose/password_cache.h"

#include <sys/random.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>
#include <cstring>

namespace sdt::expose {
namespace {

/// A change of the users' file leaves old entries behind; nobody has so many users.
constexpr std::size_t most_known = 256;

}  // namespace

PasswordCache::PasswordCache() {
  // Up to 256 bytes come whole, and the call cannot fail (getrandom(2)); without a key nothing
  // below would be safe.
  if (getrandom(key_.data(), key_.size(), 0) != static_cast<ssize_t>(key_.size())) std::abort();
}

PasswordCache::Digest PasswordCache::digest_of(
    std::initializer_list<std::string_view> parts) const {
  std::string text;
  for (const std::string_view part : parts) {
    text += std::to_string(part.size());  // keeps the parts apart
    text += ':';
    text += part;
  }
  Digest digest{};
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), bytes, text.size(),
           digest.data(), nullptr) == nullptr) {
    std::abort();  // out of memory: an empty digest would equal another one
  }
  return digest;
}

bool PasswordCache::knows(const User& user, std::string_view password) const {
  return known_.contains(digest_of({user.name, user.password_hash, password}));
}

void PasswordCache::remember(const User& user, std::string_view password) {
  if (known_.size() >= most_known) known_.clear();
  known_.insert(digest_of({user.name, user.password_hash, password}));
}

const User& PasswordCache::stand_in(std::span<const User> users, std::string_view name) const {
  const Digest digest = digest_of({name});
  std::uint64_t number = 0;
  std::memcpy(&number, digest.data(), sizeof number);
  return users[number % users.size()];
}

}  // namespace sdt::expose
