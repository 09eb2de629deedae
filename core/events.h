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
	/* Return addresses kept of a kernel stack. */
	SHARK_STACK_DEPTH = 64,
	/* Softirqs a CPU can have, rounded up (include/linux/interrupt.h has 10). */
	SHARK_SOFTIRQS = 16,
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

/* What the programs count: nothing, what ends, what starts and ends. */
enum {
	SHARK_OFF = 0,
	SHARK_ENDS = 1,
	SHARK_ON = 2,
};

/* The moments of a block request, in their order; those not seen are 0. */
enum {
	SHARK_ISSUED = 0,      /* the block layer gives it to the driver */
	SHARK_ADDED = 1,       /* it is in the ring */
	SHARK_KICKED = 2,      /* the device is told, or known to be looking anyway */
	SHARK_INTERRUPTED = 3, /* the handler of the interrupt that ends it starts */
	SHARK_REAPED = 4,      /* the driver takes it out of the ring */
	SHARK_COMPLETED = 5,   /* the block layer ends it */
	SHARK_MOMENTS = 6,
};

/*
 * What a row of virtblk is about: the time up to a moment from the one seen
 * before it, or one of these.
 */
enum {
	SHARK_WHOLE = 0,	/* from issued to completed */
	SHARK_DEPTH = 6,	/* requests in flight, seen by each that is added */
	SHARK_INTERRUPTS = 8,	/* requests reaped by each interrupt of a queue */
	SHARK_KICKS = 9,	/* no time: asked whether to kick; tally: kicked */
	SHARK_FLUSH_ENDS = 10,	/* no time: requests without data, ended by a flush */
	SHARK_REQUEST_ROWS = 8, /* rows of virtblk come in groups of so many */
};

/* Where a request was completed. */
enum {
	SHARK_DONE_UNKNOWN = 0,
	SHARK_DONE_HARDIRQ = 1,
	SHARK_DONE_SOFTIRQ = 2,
	SHARK_DONE_REMOTE = 3, /* on another CPU than where it was reaped */
	SHARK_DONE_POLLED = 4, /* reaped without an interrupt */
};

/* Flags of a request. */
enum {
	SHARK_REQUEUED = 1,    /* taken back by the block layer, to be issued again */
	SHARK_NO_CPU = 0xffff, /* its issue_cpu was not seen */
};

/* What virtblk loses, by its place in shark_cpu.own. */
enum {
	SHARK_LATE_ADDS = 0,   /* requests first seen when they were added to the ring */
	SHARK_LATE_ENDS = 1,   /* requests first seen when they were completed */
	SHARK_ENDS_UNSEEN = 2, /* requests that were not seen to be completed */
	SHARK_OWN_LOSSES = 4,
};

/* Tables that can be full, by which their losses are counted: shark_cpu.full. */
enum {
	SHARK_FULL_ROWS = 0,
	SHARK_FULL_PARTS = 1, /* counted, but not in a histogram */
	SHARK_FULL_OWN = 2,   /* the first of the provider's own, see provider.h */
	SHARK_FULL_TABLES = 8,
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
	__s64 id;	   /* only this IRQ, vector or softirq, or SHARK_ANY */
	__s64 cpu;	   /* only this CPU, or SHARK_ANY */
	__s64 at_least_ns; /* only events that took so long */
	__u32 nr_rows;	   /* size of the row table, a power of two */
	__u32 nr_cpus;	   /* size of the per-CPU table */
	__u32 stacks;	   /* each event with its kernel stack */
	__u32 wait;	   /* time from being asked for to the start, too */
	__u32 context;	   /* what interrupts, and what asked, too */
	__u32 pad;
	__u32 at[8]; /* offsets in the records of classic tracepoints */
};
SHARK_WIRE_SIZE(struct shark_config, 80);

/* Something that has started and not yet ended. */
struct shark_frame {
	__u64 entered_ns;
	__u64 nested_ns; /* taken by what came in between */
	__u64 wait_ns;	 /* from being asked for until entered */
	__u64 asked_by;	 /* see shark_raise */
	__u32 kind;	 /* SHARK_HARDIRQ, ... */
	__u32 id;	 /* IRQ, vector or softirq */
	__u32 row;	 /* index into the row table */
	__s32 stack;	 /* index into the stacks, negative for none */
};
SHARK_WIRE_SIZE(struct shark_frame, 48);

/* One per CPU, written only by that CPU. */
struct shark_cpu {
	__u64 events;	       /* put into the ring */
	__u64 ring_full;       /* events that found no room in the ring */
	__u64 too_deep;	       /* entries nested deeper than SHARK_MAX_NESTING */
	__u64 entry_unmatched; /* entries whose exit never came */
	__u64 exit_unmatched;  /* exits whose entry was never seen */
	__u64 stacks_lost;     /* stacks that could not be taken or kept */
	__u64 scratch;
	__u64 full[8]; /* entries that found no room in a table, by SHARK_FULL_ROWS, ... */
	struct shark_frame frames[8];
	__u32 depth; /* frames in use */
	__u32 pid;   /* task last looked at, and whether it is ksoftirqd */
	__u32 is_ksoftirqd;
	__u32 pad;
	__u64 own[4];	   /* what this provider loses besides, see struct provider */
	__u64 reserved[3]; /* whole cache lines: neighbours belong to other CPUs */
};
SHARK_WIRE_SIZE(struct shark_cpu, 576);

/*
 * Vectors free and taken, as the last event left them (kernel/irq/matrix.c):
 * those of one CPU, then of all.
 */
struct shark_matrix {
	__u32 available;
	__u32 allocated;
	__u32 managed;		 /* kept for managed IRQs */
	__u32 managed_allocated; /* and in use by them */
	__u32 global_available;
	__u32 global_reserved; /* promised to IRQs that are not requested yet */
	__u32 total_allocated;
	__u32 online_maps; /* CPUs that take part */
};
SHARK_WIRE_SIZE(struct shark_matrix, 32);

/* What was counted of one key on one CPU. */
struct shark_row {
	__u64 key[2]; /* what else tells it from others, as the provider says */
	__u32 id;     /* IRQ, vector or softirq */
	__u16 cpu;
	__u8 what;    /* SHARK_RUN, ... */
	__u8 used;    /* set last, when the key above is complete */
	__u32 claims; /* of this place: who sees 1 behind its own has it */
	__u32 begun;  /* lower half of the count as it will be; equal to it when all below is whole
		       */
	__u64 count;
	__u64 total_ns;	 /* without nested_ns */
	__u64 max_ns;	 /* likewise */
	__u64 nested_ns; /* taken by what came in between */
	union {
		__u64 tally[4]; /* further counts, as the provider says */
		struct shark_matrix matrix;
	};
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
	__u16 ksoftirqd; /* ran in the thread, not behind an interrupt */
	__s32 stack;	 /* of the raise */
};
SHARK_WIRE_SIZE(struct shark_deferred_event, 56);

/* The thread of an action, from being woken to sleeping again. */
struct shark_thread {
	__u64 woken_ns;	   /* 0: not since it last started */
	__u64 started_ns;  /* 0: it sleeps */
	__u64 switched_ns; /* when it was preempted, 0: it runs */
	__u64 away_ns;	   /* preempted since it started */
	__u64 wait_ns;
	__u64 action;
	__u64 name_hash;
	__u32 irq;
	__u32 pad;
	char name[64]; /* of the action, which may be gone when the thread ends */
};
SHARK_WIRE_SIZE(struct shark_thread, 128);

/* A softirq that was raised on a CPU and did not start yet. */
struct shark_raise {
	__u64 ns;
	__u64 by; /* kind << 32 | IRQ, vector, softirq or thread id */
	/* The first raise after that one: it may belong to the run after next. */
	__u64 again_ns;
	__u64 again_by;
	__u64 coalesced; /* raises of a softirq that was pending already */
	__s32 stack;
	__s32 again_stack;
	__u64 reserved[2];
};
SHARK_WIRE_SIZE(struct shark_raise, 64);

/*
 * Tracepoints of the vector allocator, in the order of its programs: of an IRQ
 * (irq_vectors:vector_*), then of the bits of each CPU (irq_matrix:*).
 */
enum {
	SHARK_VECTOR_CONFIG = 0,
	SHARK_VECTOR_UPDATE = 1,
	SHARK_VECTOR_CLEAR = 2,
	SHARK_VECTOR_RESERVE_MANAGED = 3,
	SHARK_VECTOR_RESERVE = 4,
	SHARK_VECTOR_ALLOC = 5,
	SHARK_VECTOR_ALLOC_MANAGED = 6,
	SHARK_VECTOR_ACTIVATE = 7,
	SHARK_VECTOR_DEACTIVATE = 8,
	SHARK_VECTOR_TEARDOWN = 9,
	SHARK_VECTOR_SETUP = 10,
	SHARK_VECTOR_FREE_MOVED = 11,
	SHARK_MATRIX_ONLINE = 12,
	SHARK_MATRIX_OFFLINE = 13,
	SHARK_MATRIX_RESERVE = 14,
	SHARK_MATRIX_REMOVE_RESERVED = 15,
	SHARK_MATRIX_ASSIGN_SYSTEM = 16,
	SHARK_MATRIX_ALLOC_RESERVED = 17,
	SHARK_MATRIX_RESERVE_MANAGED = 18,
	SHARK_MATRIX_REMOVE_MANAGED = 19,
	SHARK_MATRIX_ALLOC_MANAGED = 20,
	SHARK_MATRIX_ASSIGN = 21,
	SHARK_MATRIX_ALLOC = 22,
	SHARK_MATRIX_FREE = 23,
	SHARK_VECALLOC_KINDS = 24,
	/* What an event has not: no IRQ, vector or CPU has this number. */
	SHARK_NONE = -1,
};

/* What is true of an IRQ in an event of the vector allocator. */
enum {
	SHARK_IS_MANAGED = 1,  /* the vectors of its CPUs are kept for it */
	SHARK_IS_RESERVED = 2, /* has, or takes, one of the global reserve */
	SHARK_CAN_RESERVE = 4, /* a vector may wait until it is requested */
	SHARK_IS_LEGACY = 8,   /* one of the 16 ISA interrupts */
};

/* One step of the vector allocator. */
struct shark_vecalloc_event {
	__u64 ts_ns;
	char comm[16]; /* of the task it was done by, or that it interrupted */
	__u32 pid;     /* thread id */
	__u32 row;
	__s32 irq; /* SHARK_NONE: the tracepoint does not tell */
	__s32 ret; /* negative errno, or 0 */
	__s32 vector;
	__s32 on_cpu; /* CPU that the vector is of */
	__s32 prev_vector;
	__s32 prev_cpu;
	__u32 apicdest;		    /* APIC id or mask, of SHARK_VECTOR_CONFIG */
	__u32 flags;		    /* SHARK_IS_MANAGED, ... */
	struct shark_matrix matrix; /* of SHARK_MATRIX_* */
	__u16 what;		    /* SHARK_VECTOR_CONFIG, ... */
	__u16 cpu;		    /* that it was done on */
	__s32 stack;
};
SHARK_WIRE_SIZE(struct shark_vecalloc_event, 104);

/* Why an entry of an interrupt remapping table was written. */
enum {
	SHARK_IRTE_SET_AFFINITY = 0,
	SHARK_IRTE_ACTIVATE = 1,
	SHARK_IRTE_DEACTIVATE = 2,
	SHARK_IRTE_SET_VCPU = 3, /* posted to a guest's CPU, or no longer */
	SHARK_IRTE_OTHER = 4,	 /* freed, resumed: seen by its invalidation only */
};

/* What an entry of an interrupt remapping table looks like. */
enum {
	SHARK_IRTE_INTEL = 0,
	SHARK_IRTE_INTEL_EIM = 1, /* destinations of 32 bits */
	SHARK_IRTE_AMD32 = 2,
	SHARK_IRTE_AMD128 = 3,
	SHARK_IRTE_UNKNOWN = 4, /* AMD, and no symbol tells which */
};

enum {
	SHARK_IRTE_NO_OLD = 1,	/* what it was before is not known */
	SHARK_IRTE_NO_TIME = 2, /* this way sees no start and no end */
};

/* An entry of an interrupt remapping table that was written. */
struct shark_irte_event {
	__u64 ts_ns;
	__u64 ns;	/* from the request to the end */
	__u64 flush_ns; /* therein, waiting for the invalidation */
	__u64 old[2];	/* low and high; of AMD's 32 bits the low one only */
	__u64 now[2];
	char comm[16]; /* of the task that asked, or was interrupted */
	__u32 pid;     /* thread id */
	__u32 row;
	__s32 irq; /* SHARK_NONE for SHARK_IRTE_OTHER */
	__s32 ret;
	__u32 index;
	__s32 stack;
	__u16 unit;    /* number of the IOMMU: dmar0, ivhd0 */
	__u16 device;  /* AMD: whose table, bus << 8 | device << 3 | function */
	__u16 format;  /* SHARK_IRTE_INTEL, ... */
	__u16 what;    /* SHARK_IRTE_SET_AFFINITY, ... */
	__u16 flushes; /* invalidations in it */
	__u16 entries; /* that were invalidated, from index on; 0: all */
	__u16 flags;   /* SHARK_IRTE_NO_OLD, ... */
	__u16 cpu;
};
SHARK_WIRE_SIZE(struct shark_irte_event, 112);

/* What happened to the affinity of an IRQ. */
enum {
	SHARK_AFFINITY_ASKED = 0, /* written to smp_affinity, by a driver, ... */
	SHARK_AFFINITY_MOVED = 1, /* an interrupt came and made a pending one true */
	SHARK_AFFINITY_SET = 2,	  /* by the kernel itself: startup, CPU hotplug */
};

enum {
	SHARK_AFFINITY_PENDING = 1,	/* not in force when the request returned */
	SHARK_AFFINITY_ASK_UNSEEN = 2,	/* asked for before the trace began */
	SHARK_AFFINITY_WAS_PENDING = 4, /* when the request came */
	SHARK_AFFINITY_MASK_WORDS = 16, /* CPUs beyond 1023 are left out */
};

/* An affinity that was asked for, or took effect. */
struct shark_affinity_event {
	__u64 ts_ns;
	__u64 ns;	/* from the request to its return */
	__u64 wait_ns;	/* of SHARK_AFFINITY_MOVED: since it was asked for */
	__u64 mask[16]; /* CPUs asked for */
	char comm[16];	/* of the task that asked */
	__u32 pid;	/* thread id */
	__u32 row;
	__s32 irq;
	__s32 ret;
	__s32 was_on; /* CPU in force before, SHARK_NONE for none */
	__s32 is_on;  /* CPU in force behind */
	__s32 stack;
	__u16 what;  /* SHARK_AFFINITY_ASKED, ... */
	__u16 flags; /* SHARK_AFFINITY_PENDING, ... */
	__u16 cpu;   /* that it was done on: of SHARK_AFFINITY_MOVED, where the interrupt came */
	__u16 pad[3];
};
SHARK_WIRE_SIZE(struct shark_affinity_event, 208);

/* A request of a device that an IOMMU refused. */
struct shark_fault_event {
	__u64 ts_ns;	 /* when the kernel looked */
	__u64 record[2]; /* as the IOMMU wrote it */
	__u32 row;
	__u16 unit;   /* number of the IOMMU: dmar0, ivhd0 */
	__u16 source; /* requester id: bus << 8 | device << 3 | function */
	__u16 reason; /* Intel: fault reason; AMD: event type */
	__u16 is_amd;
	__u16 cpu;
	__u16 lost; /* 1: the IOMMU had no room for all */
};
SHARK_WIRE_SIZE(struct shark_fault_event, 40);

/* Requests that ended in the same stack, of one interrupt, queue and operation. */
struct shark_ending {
	__u64 count;
	__u64 total_ns; /* of their whole time */
	__s32 stack;	/* index into the stacks, negative for none */
	__s32 irq;	/* negative if not seen */
	__u32 dev;
	__u16 queue;
	__u8 op;
	__u8 pad;
};
SHARK_WIRE_SIZE(struct shark_ending, 32);

/* A block request: in flight, or as an event when it is completed. */
struct shark_request {
	__u64 at_ns[6]; /* its moments, see SHARK_ISSUED */
	__u64 sector;	/* of 512 bytes */
	__u64 queue_key;
	__u32 bytes;
	__u32 dev; /* major << 20 | minor */
	__u32 pid; /* thread group of the task that issued it */
	__u32 tid;
	__u32 kick;  /* kicks of its queue before it was added */
	__u32 depth; /* in flight in its queue when it was added, with itself */
	__u32 row;   /* index into the row table */
	__u32 requeues;
	__s32 irq;    /* that ended it; negative if not seen */
	__s32 status; /* 0, a negative errno (before 5.18) or a blk_status_t */
	__s32 stack;  /* of the interrupt's handler, negative for none */
	__u16 queue;
	__u16 issue_cpu;
	__u16 reap_cpu;
	__u16 cpu; /* that completed it */
	__u8 op;   /* REQ_OP_READ, ... */
	__u8 size_class;
	__u8 where; /* SHARK_DONE_HARDIRQ, ... */
	__u8 flags;
	__u8 seen; /* moments, as bits */
	__u8 reserved[7];
	char comm[16];
};
SHARK_WIRE_SIZE(struct shark_request, 144);

#endif
