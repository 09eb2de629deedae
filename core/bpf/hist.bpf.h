/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Where a value lands in a log-linear histogram. Plain C without helpers: the
 * BPF programs and the unit tests compile the same lines.
 */
#ifndef SHARK_BPF_HIST_H
#define SHARK_BPF_HIST_H

#include "trace/wire.h"

/*
 * One step of a binary search for the highest set bit: if there is any above
 * the lower `half` bits, keep those only and count `half` more. Without a
 * branch: the verifier would follow each of the 64 paths through the six steps
 * to the program's end. The empty asm keeps the compiler from seeing the
 * comparison with 0 in it and making it a branch again.
 */
#define LOG2_STEP(v, log, half)                                                                    \
	do {                                                                                       \
		__u64 high = (v) >> (half);                                                        \
		__u64 low = -high;                                                                 \
		__u64 step;                                                                        \
                                                                                                   \
		__asm__ volatile("" : "+r"(low));                                                  \
		step = ((high | low) >> 63) * (half);                                              \
		(v) >>= step;                                                                      \
		(log) += step;                                                                     \
	} while (0)

/* Position of the highest set bit of v > 0. BPF has no instruction for it. */
static inline __attribute__((always_inline)) __u64 log2_u64(__u64 v)
{
	__u64 log = 0;

	LOG2_STEP(v, log, 32);
	LOG2_STEP(v, log, 16);
	LOG2_STEP(v, log, 8);
	LOG2_STEP(v, log, 4);
	LOG2_STEP(v, log, 2);
	LOG2_STEP(v, log, 1);
	return log;
}

/* Bucket of v, in [0, SHARK_HIST_BUCKETS). */
static inline __attribute__((always_inline)) __u32 hist_bucket(__u64 v)
{
	__u64 shift;

	if (v < SHARK_HIST_SUB)
		return (__u32)v;
	shift = log2_u64(v) - SHARK_HIST_SUB_BITS;
	return (__u32)((shift + 1) * SHARK_HIST_SUB + ((v >> shift) & (SHARK_HIST_SUB - 1)));
}

#endif
