// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The one BPF program: what happens between a probe's firing and a counter's going up.
 *
 *   cookie ─▶ site layout, role ─▶ does this process count? ─▶ start: remember │ event, end: value, where, labels ─▶ cell
 *
 * Everything about the metric is a constant in `program` (.rodata, filled before load): the verifier walks the loops and
 * switches below with known values and drops what they do not choose. Only the site's argument layout is looked up.
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
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/ptrace.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "abi.h"

#define BARRIER_REGISTER(var) asm volatile("" : "+r"(var))

const volatile struct sdt_program program = {};
/* What a new series starts from: as large as the largest cell. */
const volatile __u64 zero_cell[SDT_MAX_BOUNDS + 3] = {};

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

/* The firing being worked on. */
struct event {
  struct pt_regs *regs;
  const struct sdt_site *site;
  __u64 elapsed;
  __u64 value; /* result of evaluate() */
  __u32 is_unsigned;
  __u32 sign_mask;
  __u32 pid;
  __u32 tid;
  __u32 key_pid;
  __u32 probe;
  __u32 is_member;
  struct sdt_start start;
};

static __always_inline void count_at(void *map, __u32 index, __u64 n) {
  __u64 *counter = bpf_map_lookup_elem(map, &index);
  if (counter) __sync_fetch_and_add(counter, n);
}

static __noinline int lost(__u32 reason, __u64 n) {
  count_at(&tally, SDT_TALLY_LOST + reason, n);
  return -1;
}

/* ---- arguments -------------------------------------------------------------------------------------------------- */

/*
 * The register at a byte offset of pt_regs; SDT_NO_REGISTER reads as 0. The verifier refuses variable offsets into the
 * context; a switch with a load for each register would do, and costs it 18 paths to walk at each of its uses.
 */
static __always_inline __u64 register_at(struct pt_regs *regs, __u32 offset) {
  __u64 value = 0;
  if (offset <= sizeof(*regs) - sizeof(value)) bpf_probe_read_kernel(&value, sizeof(value), (void *)regs + offset);
  return value;
}

/* Reads 1 to 8 bytes of the process. A page that is not there yet is brought in where the program may sleep. */
static __always_inline int read_user(__u64 *value, __u32 size, __u64 address) {
  *value = 0;
  if (size > 8) size = 8;
  if (bpf_probe_read_user(value, size, (const void *)address) == 0) return 0;
  if (program.sleepable && bpf_copy_from_user(value, size, (const void *)address) == 0) return 0;
  return -1;
}

/* The low `size` bytes of value, extended to 64 bits. */
static __always_inline __u64 extend(__u64 value, __u32 size, __u32 is_signed) {
  __u32 unused_bits = (8 - size) * 8 & 63;
  value <<= unused_bits;
  return is_signed ? (__u64)((__s64)value >> unused_bits) : value >> unused_bits;
}

static __noinline int load_argument(struct event *e, __u32 index) {
  if (index >= SDT_MAX_ARGS) return -1;
  const struct sdt_operand *arg = &e->site->args[index];
  __u64 value = 0;
  switch (arg->kind) {
    case SDT_OPERAND_CONSTANT:
      value = arg->offset;
      break;
    case SDT_OPERAND_REGISTER:
      value = register_at(e->regs, arg->base) >> (arg->shift & 63);
      break;
    case SDT_OPERAND_MEMORY: {
      __u64 address =
          register_at(e->regs, arg->base) + (register_at(e->regs, arg->index) << (arg->scale_shift & 3)) + arg->offset;
      if (read_user(&value, arg->size, address)) return -1;
      break;
    }
    default:
      return -1;
  }
  e->value = extend(value, arg->size, arg->is_signed);
  e->is_unsigned = arg->is_uint64;
  return 0;
}

/* ---- integers --------------------------------------------------------------------------------------------------- */

/*
 * Values range over int64 and uint64 alike: 64 bits and one flag that is set when they are a uint64. Two values compare
 * as the numbers they stand for: first by whether they are negative, then bit for bit.
 */
static __always_inline __u32 is_negative(__u64 value, __u32 is_unsigned) {
  return !is_unsigned && (__s64)value < 0;
}

static __always_inline __u64 magnitude(__u64 value, __u32 negative) {
  return negative ? -value : value;
}

/* BPF has no signed division; C's rounds towards zero and its remainder takes the dividend's sign. */
static __always_inline __u64 divide(__u64 value, __u32 is_unsigned, __s64 by) {
  __u32 negative = is_negative(value, is_unsigned);
  __u64 quotient = magnitude(value, negative) / magnitude(by, by < 0);
  return negative != (by < 0) ? -quotient : quotient;
}
static __always_inline __u64 modulo(__u64 value, __u32 is_unsigned, __s64 by) {
  __u32 negative = is_negative(value, is_unsigned);
  __u64 remainder = magnitude(value, negative) % magnitude(by, by < 0);
  return negative ? -remainder : remainder;
}

/* Runs the steps of one expression; the result is in e->value and e->is_unsigned. Not 0: something was unreadable. */
static __noinline int evaluate(struct event *e, __u32 first, __u32 count) {
  __u64 value = 0, saved = 0;
  __u32 is_unsigned = 0;

#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < SDT_MAX_STEPS; i++) {
    if (i >= count) break;
    const volatile struct sdt_step *step = &program.steps[(first + i) & (SDT_STEP_POOL - 1)];
    const __s64 imm = step->imm;
    switch (step->op) {
      case SDT_OP_CONSTANT:
        value = imm;
        is_unsigned = !step->is_signed;
        break;
      case SDT_OP_ARGUMENT:
        if (load_argument(e, step->index)) return -1;
        value = e->value;
        is_unsigned = e->is_unsigned;
        break;
      case SDT_OP_CAPTURED: {
        __u32 index = step->index;
        if (index >= SDT_MAX_CAPTURED || e->start.faults >> index & 1) return -1;
        value = e->start.captured[index];
        is_unsigned = e->start.unsigned_mask >> index & 1;
        break;
      }
      case SDT_OP_ELAPSED:
        value = e->elapsed;
        is_unsigned = 0;
        break;
      case SDT_OP_PID:
        value = e->pid;
        is_unsigned = 0;
        break;
      case SDT_OP_TID:
        value = e->tid;
        is_unsigned = 0;
        break;
      case SDT_OP_UID:
        value = (__u32)bpf_get_current_uid_gid();
        is_unsigned = 0;
        break;
      case SDT_OP_GID:
        value = bpf_get_current_uid_gid() >> 32;
        is_unsigned = 0;
        break;
      case SDT_OP_CPU:
        value = bpf_get_smp_processor_id();
        is_unsigned = 0;
        break;
      case SDT_OP_NSECS:
        value = bpf_ktime_get_ns();
        is_unsigned = 0;
        break;
      case SDT_OP_CAST:
        value = extend(value, step->size, step->is_signed);
        is_unsigned = step->size == 8 && !step->is_signed;
        break;
      case SDT_OP_READ: {
        __u64 content;
        if (read_user(&content, step->size, value)) return -1;
        value = extend(content, step->size, step->is_signed);
        is_unsigned = step->size == 8 && !step->is_signed;
        break;
      }
      case SDT_OP_ADD:
        /* 3 + -5 is -2, whatever the declared sign of the 3. */
        if (imm < 0 && (__s64)value >= 0) is_unsigned = 0;
        value += imm;
        break;
      case SDT_OP_SUB:
        /* 3 - 5 is -2, whatever the declared sign of the 3. */
        if ((__s64)value >= 0) is_unsigned = 0;
        value -= imm;
        break;
      case SDT_OP_MUL:
        if (imm < 0) is_unsigned = 0;
        value *= imm;
        break;
      case SDT_OP_DIV:
        value = divide(value, is_unsigned, imm);
        if (imm < 0) is_unsigned = 0;
        break;
      case SDT_OP_MOD:
        value = modulo(value, is_unsigned, imm);
        break;
      case SDT_OP_AND:
        value &= imm;
        break;
      case SDT_OP_OR:
        value |= imm;
        break;
      case SDT_OP_SHL:
        value <<= imm & 63;
        break;
      case SDT_OP_SHR:
        value = is_unsigned ? value >> (imm & 63) : (__u64)((__s64)value >> (imm & 63));
        break;
      case SDT_OP_SAVE:
        saved = value;
        break;
      case SDT_OP_SUB_FROM_SAVED:
        value = saved - value;
        is_unsigned = 0;
        break;
      default:
        return -1;
    }
  }
  e->value = value;
  e->is_unsigned = is_unsigned;
  return 0;
}

/* ---- strings ---------------------------------------------------------------------------------------------------- */

#define PAGE 4096ULL

/* Brings in the pages that a string of up to `size` bytes may lie on; a string seldom crosses one, so the second is touched
 * only when reading fails again. */
static __always_inline long read_user_string(char *to, __u32 size, __u64 address) {
  long read = bpf_probe_read_user_str(to, size, (const void *)address);
  if (read >= 0 || !program.sleepable) return read;

  char byte;
  if (bpf_copy_from_user(&byte, 1, (const void *)address)) return read;
  read = bpf_probe_read_user_str(to, size, (const void *)address);
  __u64 next_page = (address | (PAGE - 1)) + 1;
  if (read >= 0 || next_page - address >= size) return read;
  if (bpf_copy_from_user(&byte, 1, (const void *)next_page)) return read;
  return bpf_probe_read_user_str(to, size, (const void *)address);
}

/* `to` holds zeros; after a NUL-terminated string nothing else is written. */
static __noinline int read_string(struct event *e, const volatile struct sdt_string *string, char *to) {
  if (string->kind == SDT_STRING_COMM) return bpf_get_current_comm(to, 16) ? -1 : 0;

  const __u32 max = string->max_length;
  if (evaluate(e, string->address.first, string->address.count)) return -1;
  const __u64 address = e->value;
  if (string->kind == SDT_STRING_COUNTED) {
    if (evaluate(e, string->length.first, string->length.count)) return -1;
    __u64 length = is_negative(e->value, e->is_unsigned) ? 0 : e->value;
    if (length > max) {
      length = max;
      count_at(&tally, SDT_TALLY_STRINGS_CUT, 1);
    }
    __u32 size = length;
    BARRIER_REGISTER(size);
    if (size > SDT_MAX_STRING) size = SDT_MAX_STRING;
    if (bpf_probe_read_user(to, size, (const void *)address) == 0) return 0;
    return program.sleepable && bpf_copy_from_user(to, size, (const void *)address) == 0 ? 0 : -1;
  }
  long read = read_user_string(to, max + 1, address);
  if (read < 0) return -1;
  if (read == max + 1) {
    /* The buffer is full: the string ends right here, or goes on. */
    __u64 next;
    if (read_user(&next, 1, address + max) || next) count_at(&tally, SDT_TALLY_STRINGS_CUT, 1);
  }
  return 0;
}

static __noinline int same_text(const char *text, const volatile char *literal) {
#pragma clang loop unroll(disable)
  for (int i = 0; i < SDT_STRING_BUFFER / 8; i++) {
    if (((const __u64 *)text)[i] != ((const volatile __u64 *)literal)[i]) return 0;
  }
  return 1;
}

/* ---- where ------------------------------------------------------------------------------------------------------ */

static __always_inline int holds(__u32 compare, __u32 less, __u32 equal) {
  switch (compare) {
    case SDT_EQ:
      return equal;
    case SDT_NE:
      return !equal;
    case SDT_LT:
      return less;
    case SDT_LE:
      return less || equal;
    case SDT_GT:
      return !less && !equal;
    default:
      return !less;
  }
}

static __noinline int compare_integers(struct event *e, const volatile struct sdt_condition *condition) {
  if (evaluate(e, condition->left.first, condition->left.count)) return -1;
  const __u64 a = e->value;
  const __u32 a_negative = is_negative(a, e->is_unsigned);
  if (evaluate(e, condition->right.first, condition->right.count)) return -1;
  const __u64 b = e->value;
  const __u32 b_negative = is_negative(b, e->is_unsigned);
  const __u32 less = a_negative != b_negative ? a_negative : a < b;
  return holds(condition->compare, less, a_negative == b_negative && a == b);
}

/* 1: the event counts; 0: `where` refuses it; -1: it could not be told. */
static __always_inline int passes(struct event *e, char *text) {
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < SDT_MAX_CONDITIONS; i++) {
    if (i >= program.condition_count) break;
    const volatile struct sdt_condition *condition = &program.conditions[i];
    int result;
    if (condition->is_string) {
      if (!text) return -1;
      __builtin_memset(text, 0, SDT_STRING_BUFFER);
      if (read_string(e, &condition->string, text)) return -1;
      result = holds(condition->compare, 0, same_text(text, condition->literal));
    } else {
      result = compare_integers(e, condition);
    }
    if (result != 1) return result;
  }
  return 1;
}

/* ---- series ----------------------------------------------------------------------------------------------------- */

static __always_inline int fill_key(struct event *e, char *key) {
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < SDT_MAX_LABELS; i++) {
    if (i >= program.field_count) break;
    const volatile struct sdt_field *field = &program.fields[i];
    char *at = key + field->offset;
    if (field->kind == SDT_FIELD_STRING) {
      if (read_string(e, &field->string, at)) return -1;
    } else if (field->kind == SDT_FIELD_PROBE) {
      *(__u64 *)at = e->probe;
    } else {
      if (evaluate(e, field->expr.first, field->expr.count)) return -1;
      *(__u64 *)at = e->value;
      if (is_negative(e->value, e->is_unsigned)) e->sign_mask |= 1U << (field->sign_bit & 31);
    }
  }
  struct sdt_key_header *header = (void *)key;
  header->pid = e->key_pid;
  header->sign_mask = e->sign_mask;
  return 0;
}

/* Index of the first bound that is not below the value; bound_count when all are. */
__noinline __u32 bucket_of(__u64 value, __u32 negative) {
  __u32 low = negative ? 0 : program.negative_bounds;
  __u32 high = negative ? program.negative_bounds : program.bound_count;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 9; i++) { /* 2^8 = SDT_MAX_BOUNDS */
    if (low >= high) break;
    __u32 middle = (low + high) / 2;
    if (program.bounds[middle & (SDT_MAX_BOUNDS - 1)] >= value)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

/* A sum in two words that cannot overflow between two drains: see CellKind in base/samples.h. */
static __always_inline void add_to_sum(__u64 *sum, __u64 value, __u32 negative) {
  __u64 high = negative ? (__u64)((__s64)value >> 32) : value >> 32;
  __sync_fetch_and_add(&sum[0], value & 0xffffffffULL);
  __sync_fetch_and_add(&sum[1], high);
}

static __always_inline void add_to_cell(__u64 *cell, __u64 value, __u32 is_unsigned) {
  const __u32 negative = is_negative(value, is_unsigned);
  switch (program.cell) {
    case SDT_CELL_COUNT:
      __sync_fetch_and_add(&cell[0], 1);
      break;
    case SDT_CELL_SUM:
      __sync_fetch_and_add(&cell[0], 1);
      add_to_sum(&cell[1], value, negative);
      break;
    case SDT_CELL_LAST:
      cell[1] = value;
      cell[2] = is_unsigned;
      __sync_fetch_and_add(&cell[0], 1);
      break;
    case SDT_CELL_HISTOGRAM: {
      __u32 bucket = bucket_of(value, negative);
      if (bucket > program.bound_count) bucket = program.bound_count;
      add_to_sum(&cell[0], value, negative);
      __sync_fetch_and_add(&cell[2 + bucket], 1);
      break;
    }
  }
}

/* The cell of a key; a full map sends classified processes to `other`. */
static __always_inline __u64 *cell_of(struct event *e, const char *key) {
  __u64 *cell = bpf_map_lookup_elem(&series, key);
  if (cell) return cell;
  long error = bpf_map_update_elem(&series, key, (const void *)zero_cell, BPF_NOEXIST);
  if (error == 0 || error == -EEXIST) {
    cell = bpf_map_lookup_elem(&series, key);
    if (cell) return cell;
  }
  __u32 zero = 0;
  return e->is_member ? bpf_map_lookup_elem(&other, &zero) : 0;
}

static __always_inline int count_event(struct event *e, char *key, char *text, int sign) {
  int counts = passes(e, text);
  if (counts < 0) return lost(SDT_LOST_FAULT, 1);
  if (!counts) {
    count_at(&tally, SDT_TALLY_FILTERED, 1);
    return 0;
  }
  if (fill_key(e, key)) return lost(SDT_LOST_FAULT, 1);
  if (evaluate(e, program.value.first, program.value.count)) return lost(SDT_LOST_FAULT, 1);
  if (program.is_counter && is_negative(e->value, e->is_unsigned)) return lost(SDT_LOST_OUT_OF_RANGE, 1);
  __u64 value = e->value;
  __u32 is_unsigned = e->is_unsigned;
  if (sign < 0) {
    if (is_unsigned && (__s64)value < 0) return lost(SDT_LOST_OUT_OF_RANGE, 1);
    value = -value;
    is_unsigned = 0;
  }
  __u64 *cell = cell_of(e, key);
  if (!cell) return lost(SDT_LOST_MAP_FULL, 1);
  add_to_cell(cell, value, is_unsigned);
  return 0;
}

/* ---- scratch ---------------------------------------------------------------------------------------------------- */

/* Takes a free slot of this CPU's scratch memory; SDT_SCRATCH_SLOTS when none is. */
__noinline __u32 claim_scratch(void) {
  __u32 zero = 0;
  __u64 *in_use = bpf_map_lookup_elem(&scratch_in_use, &zero);
  if (!in_use) return SDT_SCRATCH_SLOTS;
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < SDT_SCRATCH_SLOTS; i++) {
    __u64 bit = 1ULL << i;
    if (!(__sync_fetch_and_or(in_use, bit) & bit)) return i;
  }
  return SDT_SCRATCH_SLOTS;
}

static __always_inline void release_scratch(__u32 slot) {
  __u32 zero = 0;
  __u64 *in_use = bpf_map_lookup_elem(&scratch_in_use, &zero);
  if (in_use) __sync_fetch_and_and(in_use, ~(1ULL << (slot & 63)));
}

#define SMALL_KEY 64

/* Gives count_event a zeroed key: on the stack where it is small, else in scratch memory. */
static __noinline int record(struct event *e, int sign) {
  if (!program.needs_scratch) {
    __u64 key[SMALL_KEY / 8] = {};
    return count_event(e, (char *)key, 0, sign);
  }
  __u32 slot = claim_scratch();
  char *key = slot < SDT_SCRATCH_SLOTS ? bpf_map_lookup_elem(&scratch, &slot) : 0;
  if (!key) return lost(SDT_LOST_RECURSION, 1);
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < SDT_MAX_KEY / 8; i++) {
    if (i * 8 >= program.key_size) break;
    ((__u64 *)key)[i] = 0;
  }
  int result = count_event(e, key, key + SDT_MAX_KEY, sign);
  release_scratch(slot);
  return result;
}

/* ---- pairs ------------------------------------------------------------------------------------------------------ */

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
  bpf_map_update_elem(&pairs, key, (const void *)zero_cell, BPF_NOEXIST);
  return bpf_map_lookup_elem(&pairs, key);
}

static __always_inline void capture(struct event *e) {
  struct sdt_start *start = &e->start;
  start->nsecs = bpf_ktime_get_ns();
  start->ip = e->regs->rip;
  start->sp = e->regs->rsp;
  start->unsigned_mask = 0;
  start->faults = 0;
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < SDT_MAX_CAPTURED; i++) {
    start->captured[i] = 0;
    if (i >= program.captured_count) continue;
    if (load_argument(e, program.captured[i])) {
      start->faults |= 1U << i;
      continue;
    }
    start->captured[i] = e->value;
    start->unsigned_mask |= e->is_unsigned << i;
  }
}

static __always_inline int key_of(struct event *e, struct sdt_pair_key *key, __u32 first, __u32 count) {
  key->pid = e->pid;
  key->is_negative = 0;
  if (program.thread_keyed) {
    key->key = e->tid;
    return 0;
  }
  if (evaluate(e, first, count)) return -1;
  key->key = e->value;
  key->is_negative = is_negative(e->value, e->is_unsigned);
  return 0;
}

static __noinline int begin(struct event *e) {
  struct sdt_pair_key key = {};
  if (key_of(e, &key, program.start_key.first, program.start_key.count)) return lost(SDT_LOST_FAULT, 1);
  capture(e);
  if (program.nesting == SDT_NESTING_LAST && !program.task_storage) {
    long error = bpf_map_update_elem(&pairs, &key, &e->start, BPF_NOEXIST);
    if (error == -EEXIST) {
      lost(SDT_LOST_START_REPLACED, 1);
      error = bpf_map_update_elem(&pairs, &key, &e->start, BPF_ANY);
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
  if (key_of(e, &key, program.end_key.first, program.end_key.count)) {
    lost(SDT_LOST_FAULT, 1);
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

/* ---- the program ------------------------------------------------------------------------------------------------ */

/* Whose event it is, in the pids that the daemon's /proc shows. Processes of other pid namespaces, nested ones too, are foreign. */
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
  struct sdt_process_key process = {.pid = e.pid, .target = program.target};
  const __u32 *verdict = bpf_map_lookup_elem(&verdicts, &process);
  if (verdict && *verdict == SDT_FOREIGN) {
    count_at(&tally, SDT_TALLY_FOREIGN, 1);
    return 0;
  }
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
