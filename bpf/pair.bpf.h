/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Starts that wait for their ends. */
#ifndef SDT_PAIR_BPF_H
#define SDT_PAIR_BPF_H

#include "expression.bpf.h"

/*
 * A start whose function was left without its end (an error that unwinds the stack, as PostgreSQL's do) must not make
 * the depth drift for ever. A thread's stack tells: when the same start site fires again at the same or a higher stack
 * address, the frame of the earlier start is gone. True recursion fires at a lower one; inlined copies
 * of a recursive function are other sites.
 */
static __always_inline int was_abandoned(const struct sdt_start *start, const struct sdt_start *now) {
  return program.thread_keyed && start->ip == now->ip && start->sp <= now->sp;
}

static __always_inline void open_outermost(struct sdt_open_start *open, const struct sdt_start *now) {
  if (open->depth && was_abandoned(&open->start, now)) {
    lost(SDT_LOST_START_REPLACED, 1);
    open->depth = 0;
  }
  if (open->depth++ == 0) open->start = *now;
}

static __always_inline void open_level(struct sdt_start_stack *stack, const struct sdt_start *now) {
  __u64 depth = stack->depth;
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < SDT_MAX_DEPTH; i++) {
    if (i >= depth) break;
    if (was_abandoned(&stack->starts[i], now)) {
      /* Levels past the last one were counted as lost when they started. */
      __u64 kept = depth < SDT_MAX_DEPTH ? depth : SDT_MAX_DEPTH;
      lost(SDT_LOST_START_REPLACED, kept - i);
      depth = i;
      break;
    }
  }
  if (depth < SDT_MAX_DEPTH)
    stack->starts[depth] = *now;
  else
    lost(SDT_LOST_MAP_FULL, 1);
  stack->depth = depth + 1;
}

/* The state of nested pairs (or, in task storage, of any): by thread or by key. */
static __always_inline void *pair_state(const struct sdt_pair_key *key, int create) {
  if (program.task_storage) {
    const __u64 flags = create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0;
    struct task_struct *task = (void *)bpf_get_current_task_btf();
    if (program.nesting == SDT_NESTING_STACK) return bpf_task_storage_get(&thread_stacks, task, 0, flags);
    return bpf_task_storage_get(&thread_starts, task, 0, flags);
  }
  void *state = bpf_map_lookup_elem(&pairs, key);
  if (state || !create) return state;
  insert(&pairs, key, (const void *)zero_cell);
  return bpf_map_lookup_elem(&pairs, key);
}

static __always_inline void capture(struct event *e) {
  struct sdt_start *start = &e->start;
  start->nsecs = bpf_ktime_get_ns();
  start->ip = e->regs->rip;
  start->sp = e->regs->rsp;
  start->unsigned_mask = 0;
  start->fraction = 0;
  start->faults = 0;
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < SDT_MAX_CAPTURED; i++) {
    start->captured[i] = 0;
    if (i >= program.captured_count) continue;
    e->fraction = 0;
    if (load_argument(e, program.captured[i])) {
      start->faults |= 1U << i;
      continue;
    }
    start->captured[i] = e->value;
    start->unsigned_mask |= e->is_unsigned << i;
    if (i == 0) start->fraction = e->fraction;
  }
}

static __always_inline int key_of(struct event *e, struct sdt_pair_key *key, __u32 first, __u32 count) {
  key->pid = e->pid;
  key->image = e->image;
  key->is_negative = 0;
  if (program.thread_keyed) {
    key->key = e->tid;
    return 0;
  }
  int error = evaluate(e, first, count);
  if (error) return error;
  key->key = e->value;
  key->is_negative = is_negative(e->value, e->is_unsigned);
  return 0;
}

static __noinline int begin(struct event *e) {
  struct sdt_pair_key key = {};
  int error = key_of(e, &key, program.start_key.first, program.start_key.count);
  if (error) return lost_for(error);
  capture(e);
  if (program.nesting == SDT_NESTING_LAST && !program.task_storage) {
    error = insert(&pairs, &key, &e->start);
    if (error == -EEXIST) {
      lost(SDT_LOST_START_REPLACED, 1);
      error = (int)bpf_map_update_elem(&pairs, &key, &e->start, BPF_ANY);
    }
    return error ? lost(SDT_LOST_MAP_FULL, 1) : 0;
  }
  void *state = pair_state(&key, 1);
  if (!state) return lost(SDT_LOST_MAP_FULL, 1);
  if (program.nesting == SDT_NESTING_STACK) {
    open_level(state, &e->start);
  } else if (program.nesting == SDT_NESTING_OUTERMOST) {
    open_outermost(state, &e->start);
  } else {
    struct sdt_open_start *open = state;
    if (open->depth) lost(SDT_LOST_START_REPLACED, 1);
    open->depth = 1;
    open->start = e->start;
  }
  return 0;
}

enum { PAIR_CLOSED = 1, PAIR_STILL_OPEN = 0, PAIR_WITHOUT_START = -1 };

static __always_inline int close_level(struct sdt_start_stack *stack, struct sdt_start *start) {
  if (!stack->depth) return PAIR_WITHOUT_START;
  __u64 level = --stack->depth;
  if (level >= SDT_MAX_DEPTH) return PAIR_STILL_OPEN; /* too deep: counted as lost when it started */
  *start = stack->starts[level];
  return PAIR_CLOSED;
}

static __always_inline int close_open(struct sdt_open_start *open, struct sdt_start *start) {
  if (!open->depth) return PAIR_WITHOUT_START;
  if (--open->depth) return PAIR_STILL_OPEN;
  *start = open->start;
  return PAIR_CLOSED;
}

/* Takes the start that belongs to this end into e->start. */
static __noinline int finish(struct event *e) {
  struct sdt_pair_key key = {};
  int error = key_of(e, &key, program.end_key.first, program.end_key.count);
  if (error) {
    lost_for(error);
    return PAIR_STILL_OPEN;
  }
  void *state = pair_state(&key, 0);
  if (!state) return PAIR_WITHOUT_START;
  if (program.nesting == SDT_NESTING_LAST && !program.task_storage) {
    e->start = *(struct sdt_start *)state;
    /* Two ends of one key may race: only the one that deletes the start has it. */
    return bpf_map_delete_elem(&pairs, &key) ? PAIR_WITHOUT_START : PAIR_CLOSED;
  }
  int result = program.nesting == SDT_NESTING_STACK ? close_level(state, &e->start) : close_open(state, &e->start);
  if (!program.task_storage && *(__u64 *)state == 0) bpf_map_delete_elem(&pairs, &key);
  return result;
}

#endif
