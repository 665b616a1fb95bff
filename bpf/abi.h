/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF program and the daemon say to each other.
 *
 * The program is one C source for every metric. Before it is loaded, the daemon fills `struct sdt_program` in
 * .rodata; the verifier knows these values, follows only the branches they choose, and drops the rest. What differs from
 * site to site (which register holds arg1) cannot be a constant of the program: it is looked up by the attach cookie.
 *
 * Every struct here is laid out the same for clang's BPF target and for g++ on x86-64; the sizes are asserted below.
 */
#ifndef SDT_ABI_H
#define SDT_ABI_H

#include <linux/types.h>

#define SDT_MAX_ARGS 12 /* sys/sdt.h: DTRACE_PROBE12 */
#define SDT_MAX_LABELS 16
#define SDT_MAX_CONDITIONS 8
#define SDT_MAX_BOUNDS 256
#define SDT_MAX_STEPS 16      /* of one expression */
#define SDT_STEP_POOL 256     /* of all expressions of a metric */
#define SDT_MAX_CAPTURED 6    /* start.argN of a metric */
#define SDT_MAX_DEPTH 16      /* nesting: stack */
#define SDT_MAX_STRING 128    /* str(x, LEN) */
#define SDT_STRING_BUFFER 136 /* SDT_MAX_STRING and a NUL, rounded up to 8 */
#define SDT_MAX_KEY 1024
#define SDT_MAX_SITES 8192   /* distinct argument layouts over all metrics */
#define SDT_SCRATCH_SLOTS 64 /* programs that can be at work on one CPU: sleepable ones preempt each other */

/* ---- sites ---------------------------------------------------------------------------------------------------- */

enum sdt_operand_kind {
  SDT_OPERAND_UNAVAILABLE,
  SDT_OPERAND_CONSTANT, /* offset */
  SDT_OPERAND_REGISTER, /* base >> shift */
  SDT_OPERAND_MEMORY,   /* *(base + (index << scale_shift) + offset) */
};

#define SDT_NO_REGISTER 0xff

/* What the bits of a value stand for. */
enum sdt_form {
  SDT_FORM_INTEGER, /* an int64 */
  SDT_FORM_UINT64,  /* the only integers that do not fit an int64 */
  SDT_FORM_FLOAT,   /* an IEEE 754 number: of an operand so wide as it is, else a double */
};

struct sdt_operand {
  __u8 kind;
  __u8 base;  /* byte offset in struct pt_regs, or SDT_NO_REGISTER, which reads as 0 */
  __u8 index; /* the same */
  __u8 scale_shift;
  __u8 size; /* bytes */
  __u8 is_signed;
  __u8 shift;
  __u8 form;
  __s64 offset;
};

/* How one site delivers its arguments. Sites that deliver them alike share one entry. */
struct sdt_site {
  struct sdt_operand args[SDT_MAX_ARGS];
};

/* The attach cookie: which site layout, which probe of the metric, and what its firing means. */
#define SDT_COOKIE_SITE_BITS 24
#define SDT_COOKIE_PROBE_BITS 16
enum sdt_role {
  SDT_ROLE_EVENT = 1,
  SDT_ROLE_START = 2,
  SDT_ROLE_END = 4, /* with START on the same site: the end comes first */
  SDT_ROLE_INC = 8,
  SDT_ROLE_DEC = 16,
};

/* ---- expressions ---------------------------------------------------------------------------------------------- */

enum sdt_op {
  SDT_OP_CONSTANT, /* imm; is_signed 0 when imm is a uint64 */
  SDT_OP_ARGUMENT, /* index */
  SDT_OP_CAPTURED, /* index into the captured arguments */
  SDT_OP_ELAPSED,
  SDT_OP_PID,
  SDT_OP_TID,
  SDT_OP_UID,
  SDT_OP_GID,
  SDT_OP_CPU,
  SDT_OP_NSECS,
  SDT_OP_CAST, /* size, is_signed */
  SDT_OP_READ, /* size, is_signed */
  SDT_OP_ADD,
  SDT_OP_SUB,
  SDT_OP_MUL,
  SDT_OP_DIV,
  SDT_OP_MOD,
  SDT_OP_AND,
  SDT_OP_OR,
  SDT_OP_SHL,
  SDT_OP_SHR,
  SDT_OP_SAVE,
  SDT_OP_SUB_FROM_SAVED,
};

struct sdt_step {
  __u8 op;
  __u8 size;
  __u8 is_signed;
  __u8 index;
  __u32 pad;
  __s64 imm;
};

/* A run of steps in the pool. */
struct sdt_expr {
  __u16 first;
  __u16 count; /* 0: no such expression */
};

/* ---- the metric ----------------------------------------------------------------------------------------------- */

enum sdt_source { SDT_SOURCE_SINGLE, SDT_SOURCE_INTERVAL, SDT_SOURCE_UP_DOWN };
enum sdt_nesting { SDT_NESTING_LAST, SDT_NESTING_OUTERMOST, SDT_NESTING_STACK };
/* The order of CellKind in base/samples.h. */
enum sdt_cell {
  SDT_CELL_COUNT,
  SDT_CELL_SUM,
  SDT_CELL_LAST,
  SDT_CELL_HISTOGRAM,
  SDT_CELL_MIN,
  SDT_CELL_MAX,
};

enum sdt_string_kind {
  SDT_STRING_POINTER, /* NUL-terminated at `address` */
  SDT_STRING_COUNTED, /* `length` bytes at `address` */
  SDT_STRING_COMM,
};

struct sdt_string {
  __u8 kind;
  __u8 pad[3];
  __u16 max_length; /* bytes without the NUL */
  __u16 buffer;     /* max_length and a NUL, rounded up to 8 */
  struct sdt_expr address;
  struct sdt_expr length;
};

enum sdt_field_kind { SDT_FIELD_INTEGER, SDT_FIELD_STRING, SDT_FIELD_PROBE };

struct sdt_field {
  __u8 kind;
  __u8 sign_bit;
  __u16 offset; /* in the key */
  struct sdt_expr expr;
  struct sdt_string string;
};

enum sdt_compare { SDT_EQ, SDT_NE, SDT_LT, SDT_LE, SDT_GT, SDT_GE };

struct sdt_condition {
  __u8 is_string;
  __u8 compare;
  __u16 pad;
  struct sdt_expr left;
  struct sdt_expr right;
  struct sdt_string string;
  char literal[SDT_STRING_BUFFER];
};

struct sdt_program {
  __u32 target;
  __u8 sleepable;
  __u8 source;
  __u8 nesting;
  __u8 thread_keyed;
  __u8 task_storage; /* thread-keyed pairs live in task-local storage, else in the `pairs` hash */
  __u8 cell;
  __u8 keep_pid;   /* the key carries its process even when that is classified */
  __u8 is_counter; /* negative values are refused */
  __u16 key_size;
  __u16 field_count;
  __u16 condition_count;
  __u16 captured_count;
  __u16 bound_count;
  __u16 negative_bounds; /* how many of the bounds are negative */
  __u16 probe_count;     /* entries of `hits` */
  __u16 needs_scratch;
  __u8 keeps_fraction; /* of values that are floating-point numbers: cells have a last word for it */
  __u8 pad[3];
  __u64 pid_ns_device; /* the daemon's pid namespace, when that is not the first one: pids are those it sees */
  __u64 pid_ns_inode;  /* 0: the first one */
  /* Byte offsets of struct task_struct's fields by the kernel's BTF; all 0: no BTF. */
  __u32 task_group_leader;
  __u32 task_start_boottime;
  __u32 task_self_exec_id;
  __u32 pad2;
  struct sdt_expr value;
  struct sdt_expr start_key;
  struct sdt_expr end_key;
  __u8 captured[8]; /* argument numbers */
  struct sdt_field fields[SDT_MAX_LABELS];
  struct sdt_condition conditions[SDT_MAX_CONDITIONS];
  __u32 pad3;
  struct sdt_step steps[SDT_STEP_POOL];
  __u64 bounds[SDT_MAX_BOUNDS]; /* two's complement: the negative ones first, each part ascending as unsigned */
  __u32 bound_fractions[SDT_MAX_BOUNDS]; /* what comes on top, in 2^-32: for values that keep theirs */
};

/* ---- maps ----------------------------------------------------------------------------------------------------- */

/* Start of every series key; see KeyLayout in base/samples.h. */
struct sdt_key_header {
  __u32 pid;
  __u32 sign_mask;
  __u64 image;
};

enum sdt_verdict { SDT_MEMBER = 1, SDT_FOREIGN = 2 };

/*
 * A process image: one program in one process. A pid alone names neither: it is used again, and exec puts another
 * program behind it. `image` is the start time of the process and how often it has called exec.
 */
struct sdt_process_key {
  __u32 pid;
  __u32 target;
  __u64 image; /* 0 where the kernel has no BTF to find the fields by */
};

/* How many of the low bits of `image` count the execs; the rest is the start time in ns. */
#define SDT_IMAGE_EXEC_BITS 12

/* What is known of an image that no verdict was given about, at its first event. */
struct sdt_newcomer {
  __u64 first_nsecs; /* CLOCK_MONOTONIC */
  __u64 cgroup;      /* its id in the unified hierarchy */
  __u32 uid;
  __u32 pad;
  char comm[16];
};
#define SDT_MAX_SPILLS 256     /* unjudged images, of a metric, that found its series map full */
#define SDT_MAX_NEWCOMERS 4096 /* between two drains, over all targets */

/* `tally`: one counter for each of these. The losses are in the order of LossReason. */
enum sdt_tally {
  SDT_TALLY_FILTERED,
  SDT_TALLY_FOREIGN,
  SDT_TALLY_STRINGS_CUT,
  SDT_TALLY_LOST,
  SDT_TALLY_COUNT = SDT_TALLY_LOST + 8,
};
enum sdt_loss {
  SDT_LOST_MAP_FULL,
  SDT_LOST_NO_START,
  SDT_LOST_START_REPLACED,
  SDT_LOST_START_EXPIRED,
  SDT_LOST_FAULT,
  SDT_LOST_RECURSION,
  SDT_LOST_UNCLASSIFIED,
  SDT_LOST_OUT_OF_RANGE,
};

/* Pairs in flight. `ip` and `sp` are the start's: they tell a frame that was left without its end (see pair.bpf.h). */
struct sdt_start {
  __u64 nsecs;
  __u64 ip;
  __u64 sp;
  __u16 unsigned_mask; /* bit i: captured[i] is a uint64 */
  __u16 faults;        /* bit i: it could not be read, or is out of range */
  __u32 fraction;      /* of captured[0]: what the metric's value is comes first */
  __u64 captured[SDT_MAX_CAPTURED];
};

/* `last` and `outermost`: depth counts the starts that are open; the record is the one to be measured. */
struct sdt_open_start {
  __u64 depth;
  struct sdt_start start;
};

struct sdt_start_stack {
  __u64 depth; /* may exceed SDT_MAX_DEPTH: levels past it are lost, their ends are not mistaken for others' */
  struct sdt_start starts[SDT_MAX_DEPTH];
};

struct sdt_pair_key {
  __u32 pid;
  __u32 is_negative;
  __u64 image;
  __u64 key;
};

#define SDT_ASSERT_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)
#ifdef __cplusplus
#undef SDT_ASSERT_SIZE
#define SDT_ASSERT_SIZE(type, size) static_assert(sizeof(struct type) == (size), #type)
#endif
SDT_ASSERT_SIZE(sdt_operand, 16);
SDT_ASSERT_SIZE(sdt_site, 192);
SDT_ASSERT_SIZE(sdt_step, 16);
SDT_ASSERT_SIZE(sdt_expr, 4);
SDT_ASSERT_SIZE(sdt_string, 16);
SDT_ASSERT_SIZE(sdt_field, 24);
SDT_ASSERT_SIZE(sdt_condition, 164);
SDT_ASSERT_SIZE(sdt_start, 80);
SDT_ASSERT_SIZE(sdt_key_header, 16);
SDT_ASSERT_SIZE(sdt_process_key, 16);
SDT_ASSERT_SIZE(sdt_newcomer, 40);
SDT_ASSERT_SIZE(sdt_pair_key, 24);

#endif
