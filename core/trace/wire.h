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
#ifndef SHARK_WIRE_H
#define SHARK_WIRE_H

#ifndef SHARK_FFI
#include <linux/types.h>
#define SHARK_WIRE_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "size of " #type)
#else
#define SHARK_WIRE_SIZE(type, bytes)
#endif

enum {
	/* Room for the name of an irqaction, cut and NUL-terminated. */
	SHARK_NAME_SIZE = 64,
	/* Interrupts that can interrupt, or call, one another on a CPU. */
	SHARK_MAX_NESTING = 8,
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
	/*
	 * They are kept in parts of so many buckets, eight powers of two each, and
	 * a row has those that something fell into.
	 */
	SHARK_PART_BUCKETS = 64,
	SHARK_HIST_PARTS = 8,
	/* Filter value: do not filter. */
	SHARK_ANY = -1,
	/* What an event has not: no IRQ, vector or CPU has this number. */
	SHARK_NONE = -1,
	/* Return addresses kept of a kernel stack. */
	SHARK_STACK_DEPTH = 64,
	/* Losses that a tracer names itself: shark_cpu.own. */
	SHARK_OWN_LOSSES = 4,
};

/* What runs on a CPU, and what a row, a raise or a frame is about. */
enum {
	SHARK_TASK = 0,
	SHARK_HARDIRQ = 1,
	SHARK_SOFTIRQ = 2,
	SHARK_VECTOR = 3,
	SHARK_NMI = 4,
};

/* Which part of its way a row has timed. */
enum {
	SHARK_RUN = 0,	/* between start and end */
	SHARK_WAIT = 1, /* between being asked for and the start */
	SHARK_SEND = 2, /* no time, only how often it was asked for */
};

/* Slots of a row's key, for tracers that need no names of their own. */
enum {
	SHARK_KEY_ADDRESS = 0, /* of what the row is about: a function, an object */
};

/* What the programs count: nothing, what ends, what starts and ends. */
enum {
	SHARK_OFF = 0,
	SHARK_ENDS = 1,
	SHARK_ON = 2,
};

/* Tables that can be full, by which their losses are counted: shark_cpu.full. */
enum {
	SHARK_FULL_ROWS = 0,
	SHARK_FULL_PARTS = 1,		   /* counted, but not in a histogram */
	SHARK_FULL_OWN = 2,		   /* the first of the tracer's own */
	SHARK_FULL_CALLS = SHARK_FULL_OWN, /* of those that follow calls, see bpf/calls.bpf.h */
	SHARK_FULL_TABLES = 8,
};

/* Numbers that restrict what is traced: shark_config.filters. */
enum {
	SHARK_FILTER_ID = 0,	      /* what the tracer is about: IRQ, vector, softirq, disk */
	SHARK_FILTER_CPU = 1,	      /* where it happens */
	SHARK_FILTER_AT_LEAST_NS = 2, /* of events, not of rows */
	SHARK_FILTER_OWN = 3,	      /* the first of a tracer's own */
	SHARK_FILTERS = 8,
};

/* What is traced or not: shark_config.features. */
enum {
	SHARK_FEATURE_STACKS = 0, /* each event with its kernel stack */
	SHARK_FEATURE_OWN = 1,	  /* the first of a tracer's own */
	SHARK_FEATURES = 8,
};

/* What user space tells the running programs; writable on both sides. */
struct shark_control {
	__u32 armed;	 /* SHARK_ON when every program is attached */
	__u32 streaming; /* put events into the ring */
	__u32 woken;	 /* a wake-up is on its way; user space resets it */
	__u32 wake_at;	 /* ring bytes from which the consumer is woken */
};
SHARK_WIRE_SIZE(struct shark_control, 16);

/*
 * Constants of one session, the same for every provider: frozen before its
 * programs are verified, so what is off costs nothing.
 */
struct shark_config {
	__s64 filters[8];  /* by SHARK_FILTER_ID, ...; SHARK_ANY where none is asked for */
	__u32 features[8]; /* by SHARK_FEATURE_STACKS, ...: 1 or 0 */
	__u32 nr_rows;	   /* size of the row table, a power of two */
	__u32 nr_cpus;	   /* size of the per-CPU table */
	__u32 nr_parts;	   /* of histograms */
	__u32 part_step;   /* sequences that their numbers are handed out in */
	__u32 at[8];	   /* offsets in the records of classic tracepoints */
};
SHARK_WIRE_SIZE(struct shark_config, 144);

/* What a CPU is in, each its number plus 1; 0: in none. */
struct shark_running {
	__u32 irq; /* whose handler runs */
	__u16 vector;
	__u16 softirq;
};
SHARK_WIRE_SIZE(struct shark_running, 8);

/* Something that has started and not yet ended. */
struct shark_frame {
	__u64 entered_ns;
	__u64 nested_ns; /* taken by what came in between */
	__u64 wait_ns;	 /* from being asked for until entered */
	__u64 asked_by;	 /* kind << 32 | IRQ, vector, softirq or thread id */
	__u32 kind;	 /* SHARK_HARDIRQ, ... */
	__u32 id;	 /* IRQ, vector or softirq */
	__u32 row;	 /* index into the row table */
	__s32 stack;	 /* index into the stacks, negative for none */
	/* What the CPU was in when it started. */
	struct shark_running outside;
};
SHARK_WIRE_SIZE(struct shark_frame, 56);

/* One per CPU, written only by that CPU. */
struct shark_cpu {
	__u64 events;	       /* put into the ring */
	__u64 ring_full;       /* events that found no room in the ring */
	__u64 too_deep;	       /* entries nested deeper than SHARK_MAX_NESTING */
	__u64 entry_unmatched; /* entries whose exit never came */
	__u64 exit_unmatched;  /* exits whose entry was never seen */
	__u64 stacks_lost;     /* stacks that could not be taken or kept */
	__u64 scratch;	       /* a word of the tracer's own; it names what it keeps there */
	__u64 full[8];	       /* entries that found no room in a table, by SHARK_FULL_ROWS, ... */
	struct shark_frame frames[8];
	__u32 depth; /* frames in use */
	__u32 pid;   /* task last looked at, and whether it is ksoftirqd */
	__u32 is_ksoftirqd;
	__u32 pad;
	__u64 own[4]; /* what this provider loses besides, see struct provider */
	/* By the frames. */
	struct shark_running running;
	__u64 reserved[2]; /* whole cache lines: neighbours belong to other CPUs */
};
SHARK_WIRE_SIZE(struct shark_cpu, 640);

/* What was counted of one key on one CPU. */
struct shark_row {
	__u64 key[2]; /* what else tells it from others, as the provider says */
	__u32 id;     /* IRQ, vector or softirq */
	__u16 cpu;
	__u8 what;    /* SHARK_RUN, ... */
	__u8 used;    /* set last, when the key above is complete */
	__u32 claims; /* of this place: who adds one and then sees 1 has it */
	__u32 begun;  /* lower half of the count as it will be; equal to it when all below is whole
		       */
	__u64 count;
	union {
		__u64 total_ns; /* without nested_ns */
		__u64 total;	/* of what is no time: requests, depths */
	};
	union {
		__u64 max_ns;  /* likewise */
		__u64 max;     /* of what is no time */
		__u64 last_ns; /* when it was counted last, of what takes none */
	};
	__u64 nested_ns; /* taken by what came in between */
	__u64 tally[4];	 /* further counts, as the provider says */
	char name[64];
	__u32 parts[8]; /* of the histogram of the times in total_ns: 1 + index, 0 for none */
};
SHARK_WIRE_SIZE(struct shark_row, 192);

/* A part of a histogram. */
struct shark_part {
	__u64 buckets[64];
};
SHARK_WIRE_SIZE(struct shark_part, 512);

/* One handler of an IRQ or vector that has ended, or one IPI that has arrived. */
struct shark_event {
	__u64 ts_ns; /* when it was entered, or arrived */
	__u64 ns;    /* how long it ran, without what came in between; or was under way */
	union {
		__u32 id;
		__u32 irq;
		__u32 vector;
	};
	__u32 row; /* index into the row table */
	__u16 cpu;
	union {
		__s16 ret;    /* irqreturn_t of a handler */
		__u16 sender; /* CPU that sent the IPI */
	};
	__s32 stack; /* index into the stacks, negative for none */
};
SHARK_WIRE_SIZE(struct shark_event, 32);

/* One softirq, or run of an IRQ's thread, that has ended. */
struct shark_deferred_event {
	__u64 ts_ns;
	__u64 ns;
	__u64 wait_ns;	 /* since it was raised; 0 if that was not seen */
	__u64 nested_ns; /* taken by interrupts in between */
	__u64 asked_by;	 /* kind << 32 | IRQ, vector, softirq or thread id */
	union {
		__u32 id;
		__u32 softirq;
		__u32 irq;
	};
	__u32 row;
	__u16 cpu;
	__u16 ksoftirqd; /* ran in the thread, not after an interrupt */
	__s32 stack;	 /* of the raise */
};
SHARK_WIRE_SIZE(struct shark_deferred_event, 56);

#endif
