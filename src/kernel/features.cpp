#include "kernel/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

#include <fmt/format.h>

#include "kernel/bpf_call.h"
#include "kernel/capabilities.h"

namespace sdt::kernel {
namespace {

constexpr const char* uprobe_pmu = "/sys/bus/event_source/devices/uprobe/type";
constexpr const char* kernel_btf = "/sys/kernel/btf/vmlinux";

/// A kernel that knows uprobe_multi looks at the path, finds a directory and says EBADF; one that
/// does not, EINVAL.
bool has_uprobe_multi() {
  const TrivialProgram loaded = load_trivial_program(attach_type_uprobe_multi, 0);
  if (!loaded.fd.valid()) return false;
  const std::array<std::uint64_t, 1> offset{1};
  const std::array<std::uint64_t, 1> zero{0};
  return create_uprobe_multi_link(loaded.fd.get(), "/", {offset, zero, zero}).error == EBADF;
}

/// PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h.
constexpr std::uint64_t first_pid_namespace = 0xEFFFFFFC;

PidNamespace own_pid_namespace() {
  struct stat facts {};
  if (stat("/proc/self/ns/pid", &facts) != 0 || facts.st_ino == first_pid_namespace) return {};
  return {facts.st_dev, facts.st_ino};
}

struct BtfDeleter {
  void operator()(btf* types) const { btf__free(types); }
};

/// Byte offset of a member that is no bit field; 0: there is none, or it stands first.
std::uint32_t member_offset(const btf* types, const btf_type* of, std::string_view name) {
  const btf_member* members = btf_members(of);
  for (std::uint16_t i = 0; i < btf_vlen(of); ++i) {
    const char* called = btf__name_by_offset(types, members[i].name_off);
    if (called != nullptr && name == called) return btf_member_bit_offset(of, i) / 8;
  }
  return 0;
}

/// The names hold since Linux 5.7: start_boottime came with 5.5, self_exec_id has 64 bits
/// since 5.7.
TaskFields find_task_fields() {
  const std::unique_ptr<btf, BtfDeleter> types(btf__load_vmlinux_btf());
  if (!types) return {};
  const int id = btf__find_by_name_kind(types.get(), "task_struct", BTF_KIND_STRUCT);
  if (id < 0) return {};
  const btf_type* task = btf__type_by_id(types.get(), static_cast<std::uint32_t>(id));
  const TaskFields fields{member_offset(types.get(), task, "group_leader"),
                          member_offset(types.get(), task, "start_boottime"),
                          member_offset(types.get(), task, "self_exec_id")};
  const bool all =
      fields.group_leader != 0 && fields.start_boottime != 0 && fields.self_exec_id != 0;
  return all ? fields : TaskFields{};
}

bool has_current_task() {
  return access(kernel_btf, R_OK) == 0 &&
         libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_current_task_btf, nullptr) == 1;
}

bool has_task_storage() {
  return has_current_task() && libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, nullptr) == 1;
}

/// The kernel says no more than "operation not permitted".
tl::unexpected<Error> refused() {
  std::string names;
  if (const auto own = own_capabilities()) {
    for (const MissingCapability& missing : missing_capabilities(*own, true)) {
      if (missing.stops_all) names += (names.empty() ? "" : " and ") + missing.name;
    }
  }
  return fail(
      Errc::permission,
      names.empty()
          ? "the kernel refuses to load BPF programs (bpf(2): operation not permitted), and "
            "no capability is missing: a seccomp filter or a security module forbids it"
          : "the kernel refuses to load BPF programs (bpf(2): operation not permitted): " + names +
                " missing; run as root or give the daemon what is missing");
}

}  // namespace

std::string Features::text() const {
  return fmt::format(
      "{}, {}, pairs in {}, {} CPUs{}{}", uprobe_multi ? "uprobe_multi" : "perf uprobes",
      sleepable ? "sleepable programs" : "programs that cannot wait for a page",
      task_storage ? "task storage" : "a hash", possible_cpus,
      pid_namespace.inode == 0 ? "" : ", only the processes of this pid namespace",
      task_fields.group_leader != 0 ? "" : ", no BTF: a process is told by its pid alone");
}

Result<Features> detect_features(AttachChoice attach, PairChoice pairs) {
  const TrivialProgram plain = load_trivial_program(0, 0);
  if (plain.error == EPERM || plain.error == EACCES) {
    return refused();
  }
  if (plain.error != 0) {
    return fail_errno(plain.error, "loading a BPF program for uprobes (is CONFIG_BPF_EVENTS on?)");
  }
  Features features;
  features.uprobe_multi = attach != AttachChoice::perf && has_uprobe_multi();
  if (attach == AttachChoice::multi && !features.uprobe_multi) {
    return fail(Errc::unsupported,
                "--kernel.attach=multi: this kernel has no uprobe_multi links (they came with "
                "6.6); use auto or perf");
  }
  if (!features.uprobe_multi && access(uprobe_pmu, R_OK) != 0) {
    return fail(
        Errc::unsupported,
        fmt::format(
            "this kernel offers no uprobes: it has no uprobe_multi links{}, and {} is not there (a "
            "kernel without CONFIG_UPROBE_EVENTS, or /sys not mounted)",
            attach == AttachChoice::perf ? " (not tried: --kernel.attach=perf)" : "", uprobe_pmu));
  }
  features.sleepable =
      load_trivial_program(features.uprobe_multi ? attach_type_uprobe_multi : 0, BPF_F_SLEEPABLE)
          .error == 0;
  features.task_storage = pairs != PairChoice::hash && has_task_storage();
  if (pairs == PairChoice::task_storage && !features.task_storage) {
    return fail(
        Errc::unsupported,
        fmt::format("--kernel.pairs=task: this kernel has no task-local storage for BPF, or no {}",
                    kernel_btf));
  }
  features.pid_namespace = own_pid_namespace();
  if (has_current_task()) features.task_fields = find_task_fields();
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 1) return fail_errno(-cpus, "reading /sys/devices/system/cpu/possible");
  features.possible_cpus = static_cast<std::size_t>(cpus);
  return features;
}

}  // namespace sdt::kernel
