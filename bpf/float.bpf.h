/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Floating-point arguments as fixed-point numbers, by integer arithmetic: BPF has no other.
 *
 * A number becomes its whole part, rounded down, and a fraction in units of 2^-32, rounded to the nearest. What is not in
 * the range of int64 and uint64, an infinity or no number at all has no value.
 */
#ifndef SDT_FLOAT_BPF_H
#define SDT_FLOAT_BPF_H

#include "maps.bpf.h"

#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#define EXPONENT_SPECIAL 0x7ff /* infinities and NaN */
#define FRACTION_ONE (1ULL << 32)

/* A float as a double. Those below 2^-126 in magnitude are 0 here: rounded to 2^-32 they are. */
static __always_inline __u64 double_of_float(__u64 bits) {
  const __u64 sign = bits >> 31 & 1;
  const __u64 exponent = bits >> 23 & 0xff;
  const __u64 mantissa = bits & 0x7fffff;
  if (exponent == 0) return sign << 63;
  const __u64 wide = exponent == 0xff ? EXPONENT_SPECIAL : exponent - 127 + EXPONENT_BIAS;
  return sign << 63 | wide << MANTISSA_BITS | mantissa << (MANTISSA_BITS - 23);
}

static __always_inline __s32 exponent_of(__u64 bits) {
  return (__s32)(bits >> MANTISSA_BITS & EXPONENT_SPECIAL) - EXPONENT_BIAS;
}

/* The magnitude in 2^-32, of one below 2^20: all its bits fit. */
static __always_inline __u64 small_magnitude(__u64 mantissa, __s32 exponent) {
  const __s32 shift = MANTISSA_BITS - 32 - exponent;
  if (shift > MANTISSA_BITS + 1) return 0;
  return (mantissa + (1ULL << ((shift - 1) & 63))) >> (shift & 63);
}

/* Global functions, so that the verifier walks them once. The whole part of the magnitude, below 2^64 … */
__noinline __u64 float_whole(__u64 bits) {
  const __s32 exponent = exponent_of(bits);
  const __u64 mantissa = (bits & ((1ULL << MANTISSA_BITS) - 1)) | 1ULL << MANTISSA_BITS;
  if (exponent >= MANTISSA_BITS) return mantissa << ((exponent - MANTISSA_BITS) & 63);
  if (exponent >= MANTISSA_BITS - 32) return mantissa >> ((MANTISSA_BITS - exponent) & 63);
  return small_magnitude(mantissa, exponent) >> 32;
}

/* … and its fraction. */
__noinline __u32 float_fraction(__u64 bits) {
  const __s32 exponent = exponent_of(bits);
  const __u64 mantissa = (bits & ((1ULL << MANTISSA_BITS) - 1)) | 1ULL << MANTISSA_BITS;
  if (exponent >= MANTISSA_BITS) return 0;
  if (exponent >= MANTISSA_BITS - 32) return mantissa << ((exponent - (MANTISSA_BITS - 32)) & 63);
  return small_magnitude(mantissa, exponent);
}

/* Makes a number of the bits of a double. */
static __always_inline int float_to_number(struct event *e, __u64 bits) {
  if (exponent_of(bits) >= 64) return NOT_IN_RANGE;
  __u64 whole = float_whole(bits);
  __u32 fraction = float_fraction(bits);
  e->is_unsigned = SDT_FORM_INTEGER;
  if (!(bits >> 63)) {
    if ((__s64)whole < 0) e->is_unsigned = SDT_FORM_UINT64;
  } else if (whole > 1ULL << 63) {
    return NOT_IN_RANGE;
  } else if (fraction) {
    whole = ~whole; /* -whole - 1, and what is then missing */
    fraction = -fraction;
  } else {
    whole = -whole;
  }
  e->value = whole;
  e->fraction = fraction;
  return 0;
}

#endif
