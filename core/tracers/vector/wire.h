/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What rows of system vectors and NMI handlers count. See trace/wire.h for the rules. */
#ifndef SHARK_VECTOR_WIRE_H
#define SHARK_VECTOR_WIRE_H

#include "trace/wire.h"

/* Slots of a row's key. */
enum {
	SHARK_VECTOR_HANDLER = 0, /* address of an NMI's handler */
};

/* Slots of a row's tally. */
enum {
	SHARK_VECTOR_HANDLED = 0, /* events that an NMI handler says it handled */
};

/* Of config.at: offsets in the records of classic tracepoints. */
enum {
	SHARK_VECTOR_AT_VECTOR = 0,
	SHARK_VECTOR_AT_NMI_HANDLER = 1,
	SHARK_VECTOR_AT_NMI_NS = 2,
	SHARK_VECTOR_AT_NMI_HANDLED = 3,
};

#endif
