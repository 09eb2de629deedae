/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Softirqs that were raised and did not start yet. See trace/wire.h for the rules. */
#ifndef SHARK_SOFTIRQ_WIRE_H
#define SHARK_SOFTIRQ_WIRE_H

#include "trace/wire.h"

/* Its own features. */
enum {
	SHARK_SOFTIRQ_FEATURE_WAIT = SHARK_FEATURE_OWN, /* raises, and the time from them */
	SHARK_SOFTIRQ_FEATURE_CONTEXT,			/* who raised, and who interrupted */
};

/* Key of SHARK_WAIT. */
enum {
	SHARK_SOFTIRQ_RAISED_BY = 0, /* kind << 32 | IRQ, vector or softirq; a task is 0 */
};

/* Tally of SHARK_RUN. */
enum {
	SHARK_SOFTIRQ_IN_KSOFTIRQD = 0,
	SHARK_SOFTIRQ_RAISE_UNSEEN = 1,
};

/* Tally of SHARK_WAIT. */
enum {
	SHARK_SOFTIRQ_COALESCED = 0, /* raises of what was pending already */
};

/* Of config.at: offsets in the records of classic tracepoints. */
enum {
	SHARK_SOFTIRQ_AT_SOFTIRQ = 0,
	SHARK_SOFTIRQ_AT_IRQ = 1,
	SHARK_SOFTIRQ_AT_VECTOR = 2,
};

enum {
	/* Softirqs a CPU can have, rounded up (include/linux/interrupt.h has 10). */
	SHARK_SOFTIRQS = 16,
};

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

#endif
