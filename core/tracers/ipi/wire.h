/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What rows of inter-processor interrupts count. See trace/wire.h for the rules. */
#ifndef SHARK_IPI_WIRE_H
#define SHARK_IPI_WIRE_H

#include "trace/wire.h"

/* Key of SHARK_SEND. */
enum {
	SHARK_IPI_CALLSITE = 0, /* address of the code that sent it */
	SHARK_IPI_CALLBACK = 1, /* of the function that the receiver is to call, or 0 */
};

/* Key of SHARK_WAIT. */
enum {
	SHARK_IPI_SENDER = 0, /* CPU + 1, 0: the sending was not seen */
};

/* Tally of SHARK_SEND. */
enum {
	SHARK_IPI_COALESCED = 0, /* sent while one was pending already */
};

#endif
