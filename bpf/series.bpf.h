/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An event that has its moment: does `where` let it pass, which series is its, and the adding up. */
#ifndef SDT_SERIES_BPF_H
#define SDT_SERIES_BPF_H

#include "string.bpf.h"

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
  int error = evaluate(e, condition->left.first, condition->left.count);
  if (error) return error;
  const __u64 a = e->value;
  const __u32 a_negative = is_negative(a, e->is_unsigned);
  const __u32 a_fraction = e->fraction;
  error = evaluate(e, condition->right.first, condition->right.count);
  if (error) return error;
  const __u64 b = e->value;
  const __u32 b_negative = is_negative(b, e->is_unsigned);
  __u32 less = a_negative != b_negative ? a_negative : a < b;
  __u32 equal = a_negative == b_negative && a == b;
  if (equal) {
    less = a_fraction < e->fraction;
    equal = a_fraction == e->fraction;
  }
  return holds(condition->compare, less, equal);
}

/* 1: the event counts; 0: `where` refuses it; below 0: it could not be told. */
static __always_inline int passes(struct event *e, char *text) {
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < SDT_MAX_CONDITIONS; i++) {
    if (i >= program.condition_count) break;
    const volatile struct sdt_condition *condition = &program.conditions[i];
    int result;
    if (condition->is_string) {
      if (!text) return -1;
      __builtin_memset(text, 0, SDT_STRING_BUFFER);
      int error = read_string(e, &condition->string, text);
      if (error) return error;
      result = holds(condition->compare, 0, same_text(text, condition->literal));
    } else {
      result = compare_integers(e, condition);
    }
    if (result != 1) return result;
  }
  return 1;
}

static __always_inline int fill_key(struct event *e, char *key) {
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < SDT_MAX_LABELS; i++) {
    if (i >= program.field_count) break;
    const volatile struct sdt_field *field = &program.fields[i];
    char *at = key + field->offset;
    if (field->kind == SDT_FIELD_STRING) {
      int error = read_string(e, &field->string, at);
      if (error) return error;
    } else if (field->kind == SDT_FIELD_PROBE) {
      *(__u64 *)at = e->probe;
    } else {
      int error = evaluate(e, field->expr.first, field->expr.count);
      if (error) return error;
      *(__u64 *)at = e->value;
      if (is_negative(e->value, e->is_unsigned)) e->sign_mask |= 1U << (field->sign_bit & 31);
    }
  }
  struct sdt_key_header *header = (void *)key;
  header->pid = e->key_pid;
  header->image = e->key_pid ? e->image : 0;
  header->sign_mask = e->sign_mask;
  return 0;
}

/* Index of the first bound that is not below the value; bound_count when all are. */
__noinline __u32 bucket_of(__u64 value, __u32 negative, __u32 fraction) {
  __u32 low = negative ? 0 : program.negative_bounds;
  __u32 high = negative ? program.negative_bounds : program.bound_count;
#pragma clang loop unroll(disable)
  for (int step = 0; step < 9; step++) { /* 2^8 = SDT_MAX_BOUNDS */
    if (low >= high) break;
    __u32 middle = (low + high) / 2;
    __u32 i = middle & (SDT_MAX_BOUNDS - 1);
    __u64 bound = program.bounds[i];
    if (bound > value || (bound == value && (!program.keeps_fraction || program.bound_fractions[i] >= fraction)))
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

/* How often a word that others raise at the same moment is tried again; each failure means that one of them got through. */
#define RAISE_TRIES 64

/* Raises a word to `to`, unless it is as high already. */
__noinline int raise(__u64 *word, __u64 to) {
  if (!word) return -1;
#pragma clang loop unroll(disable)
  for (int i = 0; i < RAISE_TRIES; i++) {
    const __u64 seen = *(volatile __u64 *)word;
    if (seen >= to || __sync_val_compare_and_swap(word, seen, to) == seen) return 0;
  }
  return -1;
}

/*
 * Values of one kind (a sign, and with fractions whether it is small) have an extreme of their own, in which they are in the
 * order of their 64 bits and begin at 0, as cells do; the lowest is that of the complements. The event is counted last:
 * whoever sees it in the count sees its value.
 */
static __always_inline int add_to_extreme(__u64 *cell, __u64 value, __u32 negative, __u32 fraction) {
  __u32 kind = negative & 1;
  __u32 kinds = 2;
  if (program.keeps_fraction) {
    const __u64 limit = 1ULL << 31;
    const __u32 is_small = negative ? value >= -limit : value < limit;
    if (is_small) value = value << 32 | fraction;
    kind |= !is_small << 1;
    kinds = 4;
  }
  if (program.cell == SDT_CELL_MIN) value = ~value;
  if (raise(&cell[kinds + kind], value)) return lost(SDT_LOST_RECURSION, 1);
  __sync_fetch_and_add(&cell[kind], 1);
  return 0;
}

static __always_inline void add_fraction(__u64 *word, __u32 fraction) {
  if (program.keeps_fraction) __sync_fetch_and_add(word, fraction);
}

static __always_inline int add_to_cell(__u64 *cell, __u64 value, __u32 is_unsigned, __u32 fraction) {
  const __u32 negative = is_negative(value, is_unsigned);
  switch (program.cell) {
    case SDT_CELL_COUNT:
      __sync_fetch_and_add(&cell[0], 1);
      break;
    case SDT_CELL_SUM:
      __sync_fetch_and_add(&cell[0], 1);
      add_to_sum(&cell[1], value, negative);
      add_fraction(&cell[3], fraction);
      break;
    case SDT_CELL_LAST:
      cell[1] = value;
      cell[2] = bpf_ktime_get_ns() << 1 | is_unsigned;
      if (program.keeps_fraction) cell[3] = fraction;
      __sync_fetch_and_add(&cell[0], 1);
      break;
    case SDT_CELL_HISTOGRAM: {
      __u32 bucket = bucket_of(value, negative, fraction);
      if (bucket > program.bound_count) bucket = program.bound_count;
      add_to_sum(&cell[0], value, negative);
      add_fraction(&cell[2 + program.bound_count + 1], fraction);
      __sync_fetch_and_add(&cell[2 + bucket], 1);
      break;
    }
    case SDT_CELL_MIN:
    case SDT_CELL_MAX:
      return add_to_extreme(cell, value, negative, fraction);
  }
  return 0;
}

/* The cell of a key; a full map sends judged images to `other`, and each of the others to one of its own. */
static __always_inline __u64 *cell_of(struct event *e, const char *key) {
  __u64 *cell = bpf_map_lookup_elem(&series, key);
  if (cell) return cell;
  const int error = insert(&series, key, (const void *)zero_cell);
  if (error == 0 || error == -EEXIST) {
    cell = bpf_map_lookup_elem(&series, key);
    if (cell) return cell;
  }
  if (e->is_member) {
    __u32 zero = 0;
    return bpf_map_lookup_elem(&other, &zero);
  }
  struct sdt_process_key image = {.pid = e->pid, .target = program.target, .image = e->image};
  cell = bpf_map_lookup_elem(&spills, &image);
  if (cell) return cell;
  insert(&spills, &image, (const void *)zero_cell);
  return bpf_map_lookup_elem(&spills, &image);
}

static __always_inline int count_event(struct event *e, char *key, char *text, int sign) {
  int counts = passes(e, text);
  if (counts < 0) return lost_for(counts);
  if (!counts) {
    count_at(&tally, SDT_TALLY_FILTERED, 1);
    return 0;
  }
  int error = fill_key(e, key);
  if (error) return lost_for(error);
  error = evaluate(e, program.value.first, program.value.count);
  if (error) return lost_for(error);
  if (program.is_counter && is_negative(e->value, e->is_unsigned)) return lost(SDT_LOST_OUT_OF_RANGE, 1);
  __u64 value = e->value;
  __u32 is_unsigned = e->is_unsigned;
  __u32 fraction = program.keeps_fraction ? e->fraction : 0;
  if (sign < 0) {
    if (is_unsigned && (__s64)value < 0) return lost(SDT_LOST_OUT_OF_RANGE, 1);
    value = fraction ? ~value : -value; /* -value - 1, and what is then missing */
    fraction = -fraction;
    is_unsigned = 0;
  }
  __u64 *cell = cell_of(e, key);
  if (!cell) return lost(SDT_LOST_MAP_FULL, 1);
  return add_to_cell(cell, value, is_unsigned, fraction);
}

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

#define SMALL_KEY 72

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

#endif
