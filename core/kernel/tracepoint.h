/* SPDX-License-Identifier: MIT */
/* What tracefs says about a classic tracepoint. */
#ifndef SHARK_TRACEPOINT_H
#define SHARK_TRACEPOINT_H

#include <linux/types.h>

#include "base/error.h"

/* The id for perf_event_open(2), or a negative errno. */
int tracepoint_id(const char *group, const char *event, struct error *err);

enum {
	/* Room for what is known of a record; the end of the longest ones, how to print, may be
	   cut. */
	TRACEPOINT_FORMAT = 8192,
};

/* The text of its format file. 0 or a negative errno. */
int tracepoint_format(const char *group, const char *event, char text[TRACEPOINT_FORMAT],
		      struct error *err);

/*
 * Offset in bytes of a field in the tracepoint's record, or a negative errno.
 * Common fields differ between kernels (PREEMPT_RT adds some), so offsets are
 * always asked for.
 */
int tracepoint_field(const char *group, const char *event, const char *field, struct error *err);

/* The same from the text of a format file; -ENOENT when it has no such field. */
int tracepoint_field_in(const char *format, const char *field);

#endif
