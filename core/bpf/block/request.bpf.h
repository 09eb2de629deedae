/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* A block request: its moments, its size, who asked for it. */
#ifndef SHARK_BPF_BLOCK_REQUEST_H
#define SHARK_BPF_BLOCK_REQUEST_H

#include "bpf/block/wire.h"
#include "bpf/session.bpf.h"

/* ---- moments ---- */

static __always_inline void note(struct shark_request *request, __u32 moment, __u64 ns)
{
	request->at_ns[moment] = ns;
	request->seen |= 1 << moment;
}

static __always_inline void forget(struct shark_request *request, __u32 moment)
{
	request->at_ns[moment] = 0;
	request->seen &= ~(1 << moment);
}

static __always_inline int has(const struct shark_request *request, __u32 moment)
{
	return request->seen & 1 << moment;
}

/*
 * An interrupt that came before the request was added ends it by chance, it was
 * for others; one that came between adding and kicking made the kick needless.
 */
static __always_inline void put_in_order(struct shark_request *request)
{
	__u64 irq = request->at_ns[SHARK_INTERRUPTED];

	if (!irq)
		return;
	if (irq < request->at_ns[SHARK_ADDED])
		forget(request, SHARK_INTERRUPTED);
	else if (irq < request->at_ns[SHARK_KICKED])
		forget(request, SHARK_KICKED);
}

/* ---- what is known of it ---- */

/* A request of which only is known what the caller fills in. */
static __always_inline void fill_blank(struct shark_request *fresh)
{
	__builtin_memset(fresh, 0, sizeof(*fresh));
	fresh->irq = -1;
	fresh->stack = -1;
	fresh->row = config.nr_rows;
}

/* Counts thresholds below n without a branch: the verifier follows each. */
#define ABOVE(n, threshold) ((__u64)((__s64)(threshold) - (__s64)(n)) >> 63)

/* 0: no data; 1: up to 4 KiB; 2: 16; 3: 64; 4: 256; 5: more */
static __always_inline __u8 size_class_of(__u32 bytes)
{
	return ABOVE(bytes, 0) + ABOVE(bytes, 4 << 10) + ABOVE(bytes, 16 << 10) +
	       ABOVE(bytes, 64 << 10) + ABOVE(bytes, 256 << 10);
}

static __always_inline void fill_asker(struct shark_request *fresh)
{
	__u64 id = bpf_get_current_pid_tgid();

	fresh->pid = id >> 32;
	fresh->tid = (__u32)id;
	bpf_get_current_comm(fresh->comm, sizeof(fresh->comm));
}

/* ---- flushes ---- */

/* include/linux/blk_types.h */
enum { OP_WRITE = 1 };

/*
 * A flush sequence (block/blk-flush.c) ends the request it was made for, without
 * data and without having issued it in this moment. One that had data was counted
 * when they were written; one that had none is counted here, as the block layer
 * does in /sys/block/DISK/stat.
 */
static __always_inline int ends_flush(const struct shark_request *late)
{
	return late->op == OP_WRITE && !late->bytes;
}

#endif
