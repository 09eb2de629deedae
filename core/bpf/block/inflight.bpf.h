/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Requests in flight: issued, or taken up later, and not yet completed. Who includes
 * this has defined `struct request_key`, what a request is known by, and end_unseen().
 */
#ifndef SHARK_BPF_BLOCK_INFLIGHT_H
#define SHARK_BPF_BLOCK_INFLIGHT_H

#include "bpf/block/hooks.bpf.h"
#include "bpf/block/queues.bpf.h"
#include "bpf/block/stages.bpf.h"

/*
 * Preallocated: programs run where memory cannot be allocated. Not an LRU map:
 * that would forget requests that are the slowest.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct request_key);
	__type(value, struct shark_request);
} extra SEC(".maps");

static __always_inline struct shark_request *find_request(const struct request_key *key)
{
	return bpf_map_lookup_elem(&extra, key);
}

static __always_inline void drop_request(const struct request_key *key)
{
	bpf_map_delete_elem(&extra, key);
}

/* By the block layer: as it was when it was issued. */
static __always_inline void take_back(struct shark_request *request)
{
	leave_queue(request);
	request->depth = 0;
	for (int i = SHARK_ADDED; i < SHARK_COMPLETED; i++)
		request->at_ns[i] = 0;
	request->seen &= 1 << SHARK_ISSUED;
	request->requeues++;
}

/*
 * Issued again after the block layer took it back: the first time counts. What
 * the driver added and did not reap cannot have ended either.
 */
static __always_inline void issue_again(struct shark_cpu *cpu, struct shark_request *request,
					const struct shark_request *fresh, enum counter by)
{
	if (request->flags & SHARK_REQUEUED) {
		request->flags &= ~SHARK_REQUEUED;
		return;
	}
	/* Counted already, where its entry could not be deleted. */
	if (!has(request, SHARK_COMPLETED)) {
		if (!may_have_ended(request)) {
			take_back(request);
			return;
		}
		end_unseen(cpu, request, by);
		leave_queue(request);
	}
	__builtin_memcpy(request, fresh, sizeof(*request));
}

/* The request as it is kept; NULL, and counted, if there are too many. */
static __always_inline struct shark_request *keep(struct shark_cpu *cpu,
						  const struct request_key *key,
						  struct shark_request *fresh, enum counter by)
{
	struct shark_request *request;
	int code;

	fresh->size_class = size_class_of(fresh->bytes);
	fill_asker(fresh);
	if (by == BY_ISSUE)
		note(fresh, SHARK_ISSUED, bpf_ktime_get_ns());
	code = bpf_map_update_elem(&extra, key, fresh, BPF_NOEXIST);
	request = find_request(key);
	if (!request)
		no_room(cpu, SHARK_FULL_REQUESTS);
	else if (code)
		issue_again(cpu, request, fresh, by);
	return request;
}

static __always_inline void requeue(const struct request_key *key)
{
	struct shark_request *request = find_request(key);

	if (!request)
		return;
	take_back(request);
	request->flags |= SHARK_REQUEUED;
}

#endif
