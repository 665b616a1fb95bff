/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The constants of the metric, its maps, and the firing being worked on. */
#ifndef SDT_MAPS_BPF_H
#define SDT_MAPS_BPF_H

#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/ptrace.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "abi.h"

#define BARRIER_REGISTER(var) asm volatile("" : "+r"(var))

const volatile struct sdt_program program = {};
/* What a new series starts from: as large as the largest cell. */
const volatile __u64 zero_cell[SDT_MAX_BOUNDS + 4] = {};

/* Shared by the programs of all metrics. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, SDT_MAX_SITES);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(struct sdt_site));
} sites SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(struct sdt_process_key));
  __uint(value_size, sizeof(__u32));
} verdicts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, SDT_MAX_NEWCOMERS);
  __type(key, struct sdt_process_key);
  __type(value, struct sdt_newcomer);
} newcomers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, SDT_SCRATCH_SLOTS);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, SDT_MAX_KEY + SDT_STRING_BUFFER);
} scratch SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(__u64)); /* bit i: slot i is in use on this CPU */
} scratch_in_use SEC(".maps");

/* One set for each metric; types and sizes are set before load. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(struct sdt_key_header));
  __uint(value_size, sizeof(__u64));
} series SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(__u64));
} other SEC(".maps");

/* `other` of images that are not judged yet: by image. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, SDT_MAX_SPILLS);
  __type(key, struct sdt_process_key);
  __uint(value_size, sizeof(__u64));
} spills SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, SDT_TALLY_COUNT);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(__u64));
} tally SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(__u64));
} hits SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(struct sdt_pair_key));
  __uint(value_size, sizeof(struct sdt_start));
} pairs SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct sdt_open_start);
} thread_starts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct sdt_start_stack);
} thread_stacks SEC(".maps");

/*
 * Adds an entry that is not there yet; 0, or a negative errno, -EEXIST when another CPU was first. The cast is needed:
 * before 6.4 (d7ba4cc900bf) what the kernel calls here returns an int, which leaves the upper half of the register zero.
 */
static __always_inline int insert(void *map, const void *key, const void *value) {
  return (int)bpf_map_update_elem(map, key, value, BPF_NOEXIST);
}

/* The firing being worked on. */
struct event {
  struct pt_regs *regs;
  const struct sdt_site *site;
  __u64 elapsed;
  __u64 value; /* result of evaluate() */
  __u32 is_unsigned;
  __u32 sign_mask;
  __u64 image;
  __u32 pid;
  __u32 tid;
  __u32 key_pid;
  __u32 probe;
  __u32 is_member;
  __u32 fraction; /* of a floating-point argument that stands alone: the result is value + fraction * 2^-32 */
  struct sdt_start start;
};

static __always_inline void count_at(void *map, __u32 index, __u64 n) {
  __u64 *counter = bpf_map_lookup_elem(map, &index);
  if (counter) __sync_fetch_and_add(counter, n);
}

/* What evaluate() and its like return when there is no result; events and starts are lost with the reason. */
enum { UNREADABLE = -1, NOT_IN_RANGE = -2 };

static __noinline int lost(__u32 reason, __u64 n) {
  count_at(&tally, SDT_TALLY_LOST + reason, n);
  return -1;
}

static __always_inline int lost_for(int error) {
  return lost(error == NOT_IN_RANGE ? SDT_LOST_OUT_OF_RANGE : SDT_LOST_FAULT, 1);
}

#endif
