/* SPDX-License-Identifier: MIT */
/* The same for many, on several CPUs at once. */
#ifndef SHARK_PARALLEL_H
#define SHARK_PARALLEL_H

#include <stddef.h>

typedef void parallel_fn(size_t i, void *data);

/*
 * Calls work(i, data) for each i below n, in any order, and returns when all are done.
 * As many run at once as this process has CPUs, the caller's thread among them; where
 * no thread can be had, one after the other. No signal is handled on the others.
 */
void parallel_for(size_t n, parallel_fn *work, void *data);

#endif
