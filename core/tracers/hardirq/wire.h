/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What rows of hard interrupt handlers count. See trace/wire.h for the rules. */
#ifndef SHARK_HARDIRQ_WIRE_H
#define SHARK_HARDIRQ_WIRE_H

#include "trace/wire.h"

/* Slots of a row's key. */
enum {
	SHARK_HARDIRQ_ACTION = 0,      /* address of the irqaction, or a hash of its name */
	SHARK_HARDIRQ_ACTION_NAME = 1, /* address of its name, or 0 */
};

/* Of config.at: offsets in the records of classic tracepoints. */
enum {
	SHARK_HARDIRQ_AT_ENTRY_IRQ = 0,
	SHARK_HARDIRQ_AT_ENTRY_NAME = 1,
	SHARK_HARDIRQ_AT_EXIT_IRQ = 2,
	SHARK_HARDIRQ_AT_EXIT_RET = 3,
};

/* Slots of a row's tally: runs by what they returned, an irqreturn_t (include/linux/irqreturn.h).
 */
enum {
	SHARK_RETURNED_NONE = 0,
	SHARK_RETURNED_HANDLED = 1,
	SHARK_RETURNED_WAKE = 2,
	SHARK_RETURNED_BOTH = 3,
};

#endif
