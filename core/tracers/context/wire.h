/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is asked for of each CPU's context. See trace/wire.h for the rules. */
#ifndef SHARK_CONTEXT_WIRE_H
#define SHARK_CONTEXT_WIRE_H

#include "trace/wire.h"

/* Its own features. */
enum {
	SHARK_CONTEXT_FEATURE_IRQ = SHARK_FEATURE_OWN,
	SHARK_CONTEXT_FEATURE_VECTOR,
	SHARK_CONTEXT_FEATURE_SOFTIRQ,
};

/* Of config.at: offsets in the records of classic tracepoints. */
enum {
	SHARK_CONTEXT_AT_IRQ = 0,
	SHARK_CONTEXT_AT_VECTOR = 1,
	SHARK_CONTEXT_AT_SOFTIRQ = 2,
};

#endif
