/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The wire format: every record that crosses from the kernel side to user
 * space, and the memory both sides share while a session runs. The same text is
 * compiled into the BPF programs, into the C core, and (stripped of its
 * directives) into the LuaJIT FFI declarations of "shark.events".
 *
 * Rules: fixed-width fields, explicit padding, no bitfields, enums or bool in
 * structs; times are nanoseconds of CLOCK_MONOTONIC in 64 bits. tests/abi
 * compares every size and offset between C and FFI.
 */
#ifndef SHARK_EVENTS_H
#define SHARK_EVENTS_H

#ifndef SHARK_FFI
#include <linux/types.h>
#define SHARK_WIRE_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "size of " #type)
#else
#define SHARK_WIRE_SIZE(type, bytes)
#endif

enum {
	/* Room for the name of an irqaction, cut and NUL-terminated. */
	SHARK_NAME_SIZE = 64,
	/* Hard interrupt handlers that can interrupt, or call, one another. */
	SHARK_MAX_NESTING = 4,
	/* How many places a key may have in the row table. */
	SHARK_MAX_PROBES = 16,
	/*
	 * Histograms are log-linear: SHARK_HIST_SUB buckets for each power of
	 * two, so a bucket is never wider than 1/8 of its lower bound, from 0
	 * to 2^64 - 1 without a last bucket that swallows the rest.
	 */
	SHARK_HIST_SUB_BITS = 3,
	SHARK_HIST_SUB = 8,
	SHARK_HIST_BUCKETS = 496,
	/* Filter value: do not filter. */
	SHARK_ANY = -1,
};

/* What user space tells the running programs; writable on both sides. */
struct shark_control {
	__u32 armed;	 /* count entries: set when every program is attached */
	__u32 streaming; /* put events into the ring */
	__u32 woken;	 /* a wake-up is on its way; user space resets it */
	__u32 wake_at;	 /* ring bytes from which the consumer is woken */
};
SHARK_WIRE_SIZE(struct shark_control, 16);

/* An interrupt handler that has started and not yet returned. */
struct shark_frame {
	__u64 entered_ns;
	__u32 irq;
	__u32 row; /* index into the row table */
};
SHARK_WIRE_SIZE(struct shark_frame, 16);

/* One per CPU, written only by that CPU with interrupts off. */
struct shark_cpu {
	__u64 events;	       /* put into the ring */
	__u64 ring_full;       /* events that found no room in the ring */
	__u64 rows_full;       /* entries that found no room in the row table */
	__u64 too_deep;	       /* entries nested deeper than SHARK_MAX_NESTING */
	__u64 entry_unmatched; /* entries whose exit never came */
	__u64 exit_unmatched;  /* exits whose entry was never seen */
	__u32 depth;	       /* handlers running now */
	__u32 pad;
	struct shark_frame frames[4];
	__u64 scratch; /* whole cache lines: neighbours belong to other CPUs */
};
SHARK_WIRE_SIZE(struct shark_cpu, 128);

/* Time in one handler (IRQ and action) on one CPU. */
struct shark_hardirq_row {
	__u64 action;	   /* address of the irqaction, or a hash of its name */
	__u64 action_name; /* address of its name, 0 where not known */
	__u32 irq;
	__u32 cpu;
	__u32 used; /* set last, when the key above is complete */
	__u32 pad;
	__u64 count;
	__u64 total_ns;
	__u64 max_ns;
	/* By irqreturn_t: IRQ_NONE, IRQ_HANDLED, IRQ_WAKE_THREAD, both. */
	__u64 returned[4];
	char name[64];
	__u64 hist[496];
	__u64 reserved[5]; /* whole cache lines: neighbours belong to other CPUs */
};
SHARK_WIRE_SIZE(struct shark_hardirq_row, 4160);

/* One handler that has returned. */
struct shark_hardirq_event {
	__u64 ts_ns; /* when it was entered */
	__u64 ns;    /* how long it ran */
	__u32 irq;
	__u32 cpu;
	__s32 ret; /* irqreturn_t */
	__u32 row; /* index into the row table, for the action's name */
};
SHARK_WIRE_SIZE(struct shark_hardirq_event, 32);

/* Constants of one session, frozen before its programs are verified. */
struct shark_hardirq_config {
	__s64 irq;     /* only this IRQ, or SHARK_ANY */
	__s64 cpu;     /* only this CPU, or SHARK_ANY */
	__u32 nr_rows; /* size of the row table, a power of two */
	__u32 nr_cpus; /* size of the per-CPU table */
	/* Offsets in the records of the classic tracepoints. */
	__u32 entry_irq_at;
	__u32 entry_name_at; /* of the __data_loc word */
	__u32 exit_irq_at;
	__u32 exit_ret_at;
};
SHARK_WIRE_SIZE(struct shark_hardirq_config, 40);

#endif
