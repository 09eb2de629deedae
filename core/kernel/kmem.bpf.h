/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What user space and the program that reads kernel memory exchange: the only
 * value of a map that is mapped into the process. Requests go in, codes and
 * data come out, in one run for all of them.
 */
#ifndef SHARK_BPF_KMEM_H
#define SHARK_BPF_KMEM_H

#include <linux/types.h>

enum {
	KMEM_SLOTS = 256,   /* requests in one run */
	KMEM_PIECE = 4096,  /* bytes of one request, at most */
	KMEM_DATA = 1 << 16 /* bytes of all requests, each rounded up to KMEM_ALIGN */
};

#define KMEM_ALIGN(size) (((size) + 7) & ~7U)

struct kmem_slot {
	__u64 address;
	__u32 size;
	__s32 result; /* out: 0 or a negative errno */
};

struct kmem_exchange {
	__u64 task; /* out: struct task_struct of the caller */
	__u32 n;
	__u32 unused;
	struct kmem_slot slots[KMEM_SLOTS];
	/* One after another, in the order of the slots. */
	__u8 data[KMEM_DATA + KMEM_PIECE];
};

#endif
