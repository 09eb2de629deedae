/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Affinities that were asked for, or took effect. See trace/wire.h for the rules. */
#ifndef SHARK_AFFINITY_WIRE_H
#define SHARK_AFFINITY_WIRE_H

#include "trace/wire.h"

/* Slots of a row's tally. */
enum {
	SHARK_AFFINITY_LEFT_PENDING = 0,
	SHARK_AFFINITY_FAILED = 1,
	SHARK_AFFINITY_UNASKED = 2, /* took effect, asked for before the trace began */
	SHARK_AFFINITY_REPLACED = 3,
};

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
	__s32 is_on;  /* CPU in force after it */
	__s32 stack;
	__u16 what;  /* SHARK_AFFINITY_ASKED, ... */
	__u16 flags; /* SHARK_AFFINITY_PENDING, ... */
	__u16 cpu;   /* that it was done on: of SHARK_AFFINITY_MOVED, where the interrupt came */
	__u16 pad[3];
};
SHARK_WIRE_SIZE(struct shark_affinity_event, 208);

#endif
