/* SPDX-License-Identifier: MIT */
/*
 * Standard output on the loop: what a callback printed is written before the
 * loop sleeps, in one piece, and a write that fails is not lost.
 */
#ifndef SHARK_OUTPUT_H
#define SHARK_OUTPUT_H

#include <uv.h>

/* on_failure runs once, at the first write that fails. */
int output_watch(uv_loop_t *loop, void (*on_failure)(int code, void *data), void *data);

/* Writes what is buffered. Returns 0 or the negative errno of a failed write. */
int output_flush(void);

/* Closes what output_watch() opened on the loop. */
void output_unwatch(void);

#endif
