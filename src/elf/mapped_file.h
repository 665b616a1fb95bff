// A file's bytes, mapped read-only.
//
// Purpose:   hand ELF files to the pure readers without copying them.
// Ownership: owns the mapping; the bytes live as long as the object.
// Thread:    any. Access past the end of a file that is truncated meanwhile raises SIGBUS, which no
//            check can prevent: map, read and unmap without delay, and copy what is to be kept.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"

namespace sdt::elf {

class MappedFile {
 public:
  [[nodiscard]] static Result<MappedFile> open(const std::string& path);
  /// Maps an open descriptor, which stays the caller's. `name` is for messages.
  [[nodiscard]] static Result<MappedFile> of(int fd, const std::string& name);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile(const std::byte* data, std::size_t size) : data_(data), size_(size) {}
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sdt::elf
