/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Requests known by their address, and what the block layer says of them there. */
#ifndef SHARK_BPF_BLOCK_ADDRESS_H
#define SHARK_BPF_BLOCK_ADDRESS_H

#include <bpf/bpf_core_read.h>

#include "bpf/block/hooks.bpf.h"
#include "bpf/block/stages.bpf.h"
#include "bpf/kernel.bpf.h"

struct request_key {
	__u64 request;
};

/*
 * The end of the request that was here was not seen, and its memory is used
 * again: it is counted now.
 */
static __always_inline void end_unseen(struct shark_cpu *cpu, struct shark_request *request,
				       enum counter by)
{
	lose(&cpu->own[SHARK_ENDS_UNSEEN]);
	if (wanted_cpu())
		count_request(cpu, request, by);
}

#include "bpf/block/inflight.bpf.h"

static __always_inline struct request_key key_of(const struct request *rq)
{
	return (struct request_key){ .request = (__u64)rq };
}

/* A request lies right before what the driver keeps of it (blk_mq_rq_from_pdu()). */
static __always_inline struct request_key key_of_driver_data(__u64 data)
{
	return (struct request_key){ .request = data - bpf_core_type_size(struct request) };
}

/*
 * Whether the verifier knows the type of a pointer: it does where a tracepoint with
 * BTF hands it out, and it is read as in C; not where it was found by its address.
 */
enum { BARE = 0, TYPED = 1 };
#define GET(typed, ...) ((typed) ? ___arrow(__VA_ARGS__) : BPF_CORE_READ(__VA_ARGS__))

static __always_inline struct gendisk *disk_of(struct request *rq, const int typed)
{
	if (bpf_core_field_exists(rq->q->disk))
		return GET(typed, rq, q, disk);
	return GET(typed, rq, rq_disk);
}

static __always_inline __u32 dev_of(struct gendisk *disk, const int typed)
{
	return (__u32)GET(typed, disk, major) << 20 | (__u32)GET(typed, disk, first_minor);
}

/* What the block layer says of a request; 0 if it is none of a disk that is wanted. */
static __always_inline int describe(struct request *rq, struct shark_request *fresh,
				    const int typed)
{
	struct gendisk *disk = disk_of(rq, typed);

	if (!disk || !is_own_disk(disk, typed))
		return 0;
	fill_blank(fresh);
	fresh->dev = dev_of(disk, typed);
	if (!wanted_id(fresh->dev))
		return 0;
	fresh->sector = GET(typed, rq, __sector);
	fresh->bytes = GET(typed, rq, __data_len);
	fresh->op = GET(typed, rq, cmd_flags);
	fresh->queue = GET(typed, rq, mq_hctx, queue_num);
	fresh->issue_cpu = GET(typed, rq, mq_ctx, cpu);
	return 1;
}

#endif
