/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Steps of the vector allocator, and what they left. See trace/wire.h for the rules. */
#ifndef SHARK_VECALLOC_WIRE_H
#define SHARK_VECALLOC_WIRE_H

#include "trace/wire.h"

/* Slots of a row's key. Its matrix (irq_matrix:*) fills the tally. */
enum {
	SHARK_VECALLOC_ON_CPU = 0, /* CPU of the vector + 1, 0: the tracepoint does not tell */
};

/* Tally of irq_vectors:*. */
enum {
	SHARK_VECALLOC_FAILED = 0,
};

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

#endif
