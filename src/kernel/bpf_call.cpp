#include "kernel/bpf_call.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace sdt::kernel {
namespace {

/// The link_create part of union bpf_attr with its uprobe_multi member, as of kernel 6.6.
struct LinkCreateUprobeMulti {
  std::uint32_t prog_fd;
  std::uint32_t target_fd;
  std::uint32_t attach_type;
  std::uint32_t flags;
  std::uint64_t path;
  std::uint64_t offsets;
  std::uint64_t ref_ctr_offsets;
  std::uint64_t cookies;
  std::uint32_t cnt;
  std::uint32_t multi_flags;
  std::uint32_t pid;
  std::uint32_t padding;
};
static_assert(offsetof(LinkCreateUprobeMulti, path) == 16);
static_assert(offsetof(LinkCreateUprobeMulti, cnt) == 48);
static_assert(offsetof(LinkCreateUprobeMulti, pid) == 56);

std::uint64_t address_of(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

}  // namespace

TrivialProgram load_trivial_program(std::uint32_t expected_attach_type, std::uint32_t flags) {
  bpf_insn mov{};
  mov.code = BPF_ALU64 | BPF_MOV | BPF_K;
  bpf_insn exit{};
  exit.code = BPF_JMP | BPF_EXIT;
  const std::array<bpf_insn, 2> code{mov, exit};
  bpf_prog_load_opts options{};
  options.sz = sizeof options;
  options.expected_attach_type = static_cast<bpf_attach_type>(expected_attach_type);
  options.prog_flags = flags;
  const int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "sdt_probe_test", "Dual BSD/GPL", code.data(),
                               code.size(), &options);
  return fd < 0 ? TrivialProgram{UniqueFd(), -fd} : TrivialProgram{UniqueFd(fd), 0};
}

MultiLinkResult create_uprobe_multi_link(int program_fd, const std::string& path,
                                         const MultiSites& sites) {
  LinkCreateUprobeMulti attr{};
  attr.prog_fd = static_cast<std::uint32_t>(program_fd);
  attr.attach_type = attach_type_uprobe_multi;
  attr.path = address_of(path.c_str());
  attr.offsets = address_of(sites.offsets.data());
  attr.ref_ctr_offsets = address_of(sites.semaphore_offsets.data());
  attr.cookies = address_of(sites.cookies.data());
  attr.pid = sites.pid;
  attr.cnt = static_cast<std::uint32_t>(sites.offsets.size());
  const long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof attr);
  if (fd < 0) return {UniqueFd(), errno};
  return {UniqueFd(static_cast<int>(fd)), 0};
}

Status pin(int fd, const std::string& path) {
  const int error = bpf_obj_pin(fd, path.c_str());
  if (error == 0) return {};
  if (error == -EPERM && access("/sys/fs/bpf", F_OK) == 0) {
    return fail(Errc::invalid,
                "pin " + path + ": refused; the directory must be in a BPF file system (bpffs)");
  }
  return fail_errno(-error, "pin " + path);
}

Result<UniqueFd> open_pinned(const std::string& path) {
  const int fd = bpf_obj_get(path.c_str());
  if (fd < 0) return fail_errno(-fd, "open " + path);
  return UniqueFd(fd);
}

}  // namespace sdt::kernel
