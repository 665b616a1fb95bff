// bpf(2) where libbpf 1.1 has no words for it.
//
// Purpose:   BPF_LINK_CREATE for uprobe_multi (kernel 6.6), which Debian 12's libbpf and
//            linux/bpf.h do not know; programs to try the kernel with; names in a BPF file system.
// Ownership: returns owned descriptors.
// Thread:    any.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sdt::kernel {

/// A uprobe program that does nothing; errno in `error` when it cannot be loaded.
struct TrivialProgram {
  UniqueFd fd;
  int error = 0;
};
[[nodiscard]] TrivialProgram load_trivial_program(std::uint32_t expected_attach_type,
                                                  std::uint32_t flags);

/// BPF_TRACE_UPROBE_MULTI of enum bpf_attach_type (include/uapi/linux/bpf.h, 6.6).
inline constexpr std::uint32_t attach_type_uprobe_multi = 48;

struct MultiSites {
  std::span<const std::uint64_t> offsets;
  std::span<const std::uint64_t> semaphore_offsets;  ///< as many; 0 where there is none
  std::span<const std::uint64_t> cookies;            ///< as many
  std::uint32_t pid = 0;                             ///< the only process; 0: every one
};

/// One link for all sites of one file. `path` may be /proc/self/fd/N. Returns
/// -errno in `error`.
struct MultiLinkResult {
  UniqueFd link;
  int error = 0;
};
[[nodiscard]] MultiLinkResult create_uprobe_multi_link(int program_fd, const std::string& path,
                                                       const MultiSites& sites);

/// Gives a program, map or link a name in a BPF file system: it then lives without descriptors.
/// Errors: Errc::invalid when the path is in no such file system.
[[nodiscard]] Status pin(int fd, const std::string& path);
[[nodiscard]] Result<UniqueFd> open_pinned(const std::string& path);

}  // namespace sdt::kernel
