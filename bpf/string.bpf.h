/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Strings of the traced process. */
#ifndef SDT_STRING_BPF_H
#define SDT_STRING_BPF_H

#include "expression.bpf.h"

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
  int error = evaluate(e, string->address.first, string->address.count);
  if (error) return error;
  const __u64 address = e->value;
  if (string->kind == SDT_STRING_COUNTED) {
    error = evaluate(e, string->length.first, string->length.count);
    if (error) return error;
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

#endif
