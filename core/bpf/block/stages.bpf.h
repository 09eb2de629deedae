/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is counted of requests by their kind: the whole, the stages, the depth. */
#ifndef SHARK_BPF_BLOCK_STAGES_H
#define SHARK_BPF_BLOCK_STAGES_H

#include "bpf/block/groups.bpf.h"
#include "bpf/block/request.bpf.h"

/*
 * Who counts is in the key: a program never runs twice at once on a CPU, but a
 * task in one may be preempted, or interrupted, and another program run there.
 */
enum counter { BY_COMPLETION, BY_SECOND, BY_ISSUE, BY_ADD };

static __always_inline __u64 kind_of(const struct shark_request *request, enum counter by)
{
	return (__u64)request->queue << SHARK_KIND_QUEUE | (__u64)request->op << SHARK_KIND_OP |
	       (__u64)request->size_class << SHARK_KIND_SIZE |
	       (__u64)request->where << SHARK_KIND_WHERE | (__u64)request->seen << SHARK_KIND_SEEN |
	       (__u64)by << SHARK_KIND_BY;
}

static __always_inline __u32 group_of(struct shark_cpu *cpu, const struct shark_request *request,
				      enum counter by)
{
	struct row_key k = {
		.key = { [SHARK_REQUEST_KIND] = kind_of(request, by) },
		.id = request->dev,
		.cpu = bpf_get_smp_processor_id(),
		.what = SHARK_WHOLE,
	};

	return find_group(cpu, &k);
}

static __always_inline void count_stage(__u32 index, __u64 ns)
{
	struct shark_row *row = row_at(index);

	if (row)
		count(row, ns);
}

/*
 * Each moment ends the time since the one seen before. Returns what they are
 * together: from the first moment that was seen to the last.
 */
static __always_inline __u64 count_stages(__u32 group, struct shark_request *request)
{
	__u64 first = 0, before = 0;

	for (__u32 i = SHARK_ISSUED; i < SHARK_MOMENTS; i++) {
		__u64 at = request->at_ns[i];

		if (!at)
			continue;
		/* Clocks of two CPUs that are a little apart. */
		if (at < before)
			at = request->at_ns[i] = before;
		if (before)
			count_stage(group + i, at - before);
		else
			first = at;
		before = at;
	}
	return before - first;
}

/* Of one that was seen at a single moment there is no time. */
static __always_inline void count_whole(struct shark_row *row, const struct shark_request *request,
					__u64 ns)
{
	count_begins(row);
	row->tally[SHARK_REQUEST_SAME_CPU] +=
		has(request, SHARK_COMPLETED) && request->cpu == request->issue_cpu;
	row->tally[SHARK_REQUEST_REQUEUES] += request->requeues;
	row->tally[SHARK_REQUEST_ERRORS] += request->status != 0;
	row->tally[SHARK_REQUEST_BYTES] += request->bytes;
	if (request->seen & (request->seen - 1))
		add_time(row, ns);
	count_ends(row);
}

/* Returns its whole time. */
static __always_inline __u64 count_request(struct shark_cpu *cpu, struct shark_request *request,
					   enum counter by)
{
	__u32 group = group_of(cpu, request, by);
	struct shark_row *row;
	__u64 ns;

	request->row = group;
	ns = count_stages(group, request);
	row = row_at(group);
	if (row)
		count_whole(row, request, ns);
	if (request->depth)
		count_stage(group + SHARK_DEPTH, request->depth);
	return ns;
}

#endif
