#include "kernel/capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace sdt::kernel {
namespace {

struct Need {
  int number;
  const char* name;
  const char* needed_for;
  bool sys_admin_will_do;
  bool stops_all;
};

// Which of them CAP_SYS_ADMIN stands in for: capabilities(7).
constexpr std::array needs{
    Need{CAP_BPF, "CAP_BPF", "loading programs and maps", true, true},
    Need{CAP_PERFMON, "CAP_PERFMON",
         "loading programs that look at others, and the kernel's records of processes", true, true},
    Need{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "looking at processes of other users", false, false},
    Need{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH",
         "reading files that only their users may read, and deleted ones", false, false},
    Need{CAP_CHECKPOINT_RESTORE, "CAP_CHECKPOINT_RESTORE",
         "opening files that no path leads to any more", true, false},
    Need{CAP_LEASE, "CAP_LEASE",
         "having whoever rewrites another user's traced file wait until it is let go", false,
         false},
};

constexpr bool has(CapabilitySet set, int number) {
  return (set >> number & 1U) != 0;
}

}  // namespace

Result<CapabilitySet> own_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return fail_errno(errno, "capget");
  return CapabilitySet{data[1].effective} << 32U | data[0].effective;
}

std::vector<MissingCapability> missing_capabilities(CapabilitySet own, bool uprobe_multi) {
  std::vector<MissingCapability> missing;
  const bool is_admin = has(own, CAP_SYS_ADMIN);
  for (const Need& need : needs) {
    if (has(own, need.number) || (need.sys_admin_will_do && is_admin)) continue;
    missing.push_back({need.name, need.needed_for, need.stops_all});
  }
  if (!uprobe_multi && !is_admin) {
    missing.push_back(
        {"CAP_SYS_ADMIN", "attaching through perf events, without uprobe_multi", false});
  }
  return missing;
}

}  // namespace sdt::kernel
