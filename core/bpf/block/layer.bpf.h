/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the block layer's tracepoints tell of requests that have an address. */
#ifndef SHARK_BPF_BLOCK_LAYER_H
#define SHARK_BPF_BLOCK_LAYER_H

#include "bpf/block/address.bpf.h"
#include "bpf/block/completion.bpf.h"

static __always_inline int on_issue_of(struct request *rq, const int typed)
{
	struct request_key key = key_of(rq);
	struct shark_request fresh, *request;
	struct shark_cpu *cpu = this_cpu();

	if (!cpu || !describe(rq, &fresh, typed))
		return 0;
	request = keep(cpu, &key, &fresh, BY_ISSUE);
	if (request)
		on_issued(cpu, request);
	return 0;
}

static __always_inline int on_requeue_of(const struct request *rq)
{
	struct request_key key = key_of(rq);

	requeue(&key);
	return 0;
}

/* Not kept, or only as what the first program left behind. */
static __always_inline void complete_unkept(struct shark_cpu *cpu, void *ctx, struct request *rq,
					    __s32 status, const enum counter by, const int typed)
{
	struct request_key key = key_of(rq);
	struct shark_request late;

	if (!describe(rq, &late, typed) || !is_late(&late, GET(typed, rq, nr_phys_segments)))
		return;
	note(&late, SHARK_COMPLETED, bpf_ktime_get_ns());
	/* Without room for the mark it is the second's. */
	if (by == BY_COMPLETION && bpf_map_update_elem(&extra, &key, &late, BPF_ANY))
		return;
	complete_late(cpu, ctx, &late, status, by);
}

/*
 * Two programs see each completion, one after the other: the kernel skips the
 * first where it interrupts a run of itself, as the handler of a disk with a queue
 * for each CPU does to the softirq that completes for others. What the first has
 * counted it leaves behind, marked as completed, for the second to take away.
 */
static __always_inline int on_complete_of(void *ctx, struct request *rq, __s32 status,
					  const enum counter by, const int typed)
{
	struct request_key key = key_of(rq);
	struct shark_request *request = find_request(&key);
	struct shark_cpu *cpu = this_cpu();

	if (!cpu)
		return 0;
	if (request && !has(request, SHARK_COMPLETED))
		complete(cpu, ctx, request, status, by);
	else if (!request || by == BY_COMPLETION)
		complete_unkept(cpu, ctx, rq, status, by, typed);
	if (by == BY_SECOND)
		drop_request(&key);
	return 0;
}

#endif
