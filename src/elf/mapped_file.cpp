#include "elf/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/unique_fd.h"

namespace sdt::elf {

Result<MappedFile> MappedFile::open(const std::string& path) {
  // O_NONBLOCK: neither a FIFO nor somebody's lease on the file keeps us waiting.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return fail_errno(errno, fmt::format("open {}", path));
  return of(fd.get(), path);
}

Result<MappedFile> MappedFile::of(int fd, const std::string& name) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno(errno, fmt::format("stat {}", name));
  if (!S_ISREG(status.st_mode)) {
    return fail(Errc::unsupported, fmt::format("{} is not a regular file", name));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return MappedFile(nullptr, 0);  // mmap refuses a length of 0
  // Shared: in private mappings, even of a reader, the kernel puts the breakpoints of whoever
  // traces the file (valid_vma() of kernel/events/uprobes.c).
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return fail_errno(errno, fmt::format("map {} for reading", name));
  return MappedFile(static_cast<const std::byte*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace sdt::elf
