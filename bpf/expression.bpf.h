/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments as a site delivers them, and integers computed from them. */
#ifndef SDT_EXPRESSION_BPF_H
#define SDT_EXPRESSION_BPF_H

#include "float.bpf.h"

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
  if (index >= SDT_MAX_ARGS) return UNREADABLE;
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
      if (read_user(&value, arg->size, address)) return UNREADABLE;
      break;
    }
    default:
      return UNREADABLE;
  }
  value = extend(value, arg->size, arg->is_signed);
  if (arg->form == SDT_FORM_FLOAT) return float_to_number(e, arg->size == 4 ? double_of_float(value) : value);
  e->value = value;
  e->is_unsigned = arg->form;
  return 0;
}

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

/*
 * Runs the steps of one expression; the result is in e->value, e->is_unsigned and, where the expression is an argument and
 * nothing else, e->fraction. Not 0: there is no result.
 */
static __noinline int evaluate(struct event *e, __u32 first, __u32 count) {
  __u64 value = 0, saved = 0;
  __u32 is_unsigned = 0;
  int error;
  e->fraction = 0;

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
        error = load_argument(e, step->index);
        if (error) return error;
        value = e->value;
        is_unsigned = e->is_unsigned;
        break;
      case SDT_OP_CAPTURED: {
        __u32 index = step->index;
        if (index >= SDT_MAX_CAPTURED || e->start.faults >> index & 1) return UNREADABLE;
        value = e->start.captured[index];
        is_unsigned = e->start.unsigned_mask >> index & 1;
        if (index == 0) e->fraction = e->start.fraction;
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
        if (read_user(&content, step->size, value)) return UNREADABLE;
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
        return UNREADABLE;
    }
  }
  if (count != 1) e->fraction = 0;
  e->value = value;
  e->is_unsigned = is_unsigned;
  return 0;
}

#endif
