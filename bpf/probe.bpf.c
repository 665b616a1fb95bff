// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The one BPF program: what happens between a probe's firing and a counter's going up.
 *
 *   cookie ─▶ site layout, role ─▶ does this process count? ─▶ start: remember │ event, end: value, where, labels ─▶ cell
 *
 * A header a step: float.bpf.h, expression.bpf.h (arguments and integers), string.bpf.h, pair.bpf.h (starts and ends), series.bpf.h
 * (where, labels, cells), and maps.bpf.h with what they all use.
 *
 * Everything about the metric is a constant in `program` (.rodata, filled before load): the verifier walks the loops and
 * switches with known values and drops what they do not choose. Only the site's argument layout is looked up.
 *
 * Rules that keep the numbers true
 * - Every add is atomic. "Per-CPU" does not mean alone: a program can be preempted, or sleep in a page fault, and
 *   another thread's program run on the same CPU in between.
 * - Nothing is dropped without a count in `tally`.
 * - A process the daemon has not judged yet is recorded under its own pid; the daemon decides when it drains.
 *
 * Why some functions are global (not static): the verifier checks those once, on their own, and treats their
 * result as unknown, instead of walking their callers again for every value they may return.
 */
#include "pair.bpf.h"
#include "series.bpf.h"

/* Whose event it is, in the pids that the daemon's /proc shows. Processes of other pid namespaces, nested ones too, are
 * foreign. */
static __always_inline int identify(struct event *e) {
  if (program.pid_ns_inode) {
    struct bpf_pidns_info ids = {};
    if (bpf_get_ns_current_pid_tgid(program.pid_ns_device, program.pid_ns_inode, &ids, sizeof(ids))) return -1;
    e->pid = ids.tgid;
    e->tid = ids.pid;
    return 0;
  }
  const __u64 ids = bpf_get_current_pid_tgid();
  e->pid = ids >> 32;
  e->tid = ids;
  return 0;
}

static __always_inline __u64 image_of_current(void) {
  if (!program.task_group_leader) return 0;
  const void *task = (const void *)bpf_get_current_task_btf();
  const void *leader = *(const void **)(task + program.task_group_leader);
  const __u64 started = *(const __u64 *)(leader + program.task_start_boottime);
  const __u64 execs = *(const __u64 *)(task + program.task_self_exec_id);
  return started << SDT_IMAGE_EXEC_BITS | (execs & ((1U << SDT_IMAGE_EXEC_BITS) - 1));
}

/* Leaves word of an image that the daemon has not judged yet. Without room its events count all the same: they are
 * recorded under its pid, and the daemon has one clue less whose they are. */
static __noinline int introduce(const struct sdt_process_key *process) {
  if (!process || bpf_map_lookup_elem(&newcomers, process)) return 0;
  struct sdt_newcomer newcomer = {};
  newcomer.first_nsecs = bpf_ktime_get_ns();
  newcomer.cgroup = bpf_get_current_cgroup_id();
  newcomer.uid = bpf_get_current_uid_gid();
  bpf_get_current_comm(newcomer.comm, sizeof(newcomer.comm));
  return insert(&newcomers, process, &newcomer);
}

SEC("uprobe")
int sdt_probe(struct pt_regs *ctx) {
  const __u64 cookie = bpf_get_attach_cookie(ctx);
  __u32 site = cookie & ((1U << SDT_COOKIE_SITE_BITS) - 1);
  const __u32 probe = cookie >> SDT_COOKIE_SITE_BITS & ((1U << SDT_COOKIE_PROBE_BITS) - 1);
  const __u32 role = cookie >> (SDT_COOKIE_SITE_BITS + SDT_COOKIE_PROBE_BITS);

  struct event e = {.regs = ctx, .probe = probe};
  if (identify(&e)) {
    count_at(&tally, SDT_TALLY_FOREIGN, 1);
    return 0;
  }
  e.image = image_of_current();
  struct sdt_process_key process = {.pid = e.pid, .target = program.target, .image = e.image};
  const __u32 *verdict = bpf_map_lookup_elem(&verdicts, &process);
  if (verdict && *verdict == SDT_FOREIGN) {
    count_at(&tally, SDT_TALLY_FOREIGN, 1);
    return 0;
  }
  if (!verdict) introduce(&process);
  e.is_member = verdict != 0;
  e.key_pid = !e.is_member || program.keep_pid ? e.pid : 0;
  e.site = bpf_map_lookup_elem(&sites, &site);
  if (!e.site) return 0;
  count_at(&hits, probe, 1);

  if (program.source == SDT_SOURCE_INTERVAL) {
    if (role & SDT_ROLE_END) {
      int pair = finish(&e);
      if (pair == PAIR_WITHOUT_START) lost(SDT_LOST_NO_START, 1);
      if (pair == PAIR_CLOSED) {
        e.elapsed = bpf_ktime_get_ns() - e.start.nsecs;
        record(&e, 1);
      }
    }
    if (role & SDT_ROLE_START) begin(&e);
  } else if (program.source == SDT_SOURCE_UP_DOWN) {
    if (role & SDT_ROLE_INC) record(&e, 1);
    if (role & SDT_ROLE_DEC) {
      e.sign_mask = 0;
      record(&e, -1);
    }
  } else {
    record(&e, 1);
  }
  return 0;
}

char program_license[] SEC("license") = "Dual BSD/GPL";
