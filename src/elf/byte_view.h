// Bounds-checked reading of bytes that may be anything.
//
// Purpose:   the one place where offsets from a file meet its bytes. Nothing is read in place
//            through a cast pointer: structs are copied out, so alignment never matters.
// Ownership: views; the bytes belong to somebody else.
// Thread:    any; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace sdt::elf {

class ByteView {
 public:
  ByteView() = default;
  explicit ByteView(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t size() const { return bytes_.size(); }

  /// The bytes [offset, offset + size), or nothing when they are not all there.
  [[nodiscard]] std::optional<ByteView> slice(std::uint64_t offset, std::uint64_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) return std::nullopt;
    return ByteView(bytes_.subspan(offset, size));
  }

  /// A copy of the T at `offset`.
  template <class T>
  [[nodiscard]] std::optional<T> read(std::uint64_t offset) const {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto bytes = slice(offset, sizeof(T));
    if (!bytes) return std::nullopt;
    T value;
    std::memcpy(&value, bytes->bytes_.data(), sizeof(T));
    return value;
  }

  /// The NUL-terminated string at `offset`; nothing when no NUL comes within `longest` bytes. The
  /// limit keeps a table of strings that never end from being searched to its end for each of them.
  [[nodiscard]] std::optional<std::string_view> string_at(std::uint64_t offset,
                                                          std::uint64_t longest) const {
    if (offset >= bytes_.size()) return std::nullopt;
    const std::uint64_t left = bytes_.size() - offset;
    std::string_view text = as_text().substr(offset, left < longest ? left : longest);
    const std::size_t end = text.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    return text.substr(0, end);
  }

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  [[nodiscard]] std::string_view as_text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace sdt::elf
