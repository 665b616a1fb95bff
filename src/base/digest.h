// A short name for bytes.
//
// Purpose:   FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/): tells versions of our
//            own apart and finds damage; it keeps nobody out.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sdt {

class Digest {
 public:
  void add(const void* bytes, std::size_t size) {
    constexpr std::uint64_t prime = 0x100000001b3;
    const auto* text = static_cast<const unsigned char*>(bytes);
    for (std::size_t i = 0; i < size; ++i) value_ = (value_ ^ text[i]) * prime;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace sdt
