/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The queues that requests are in: how many are in flight, and what came last. */
#ifndef SHARK_BPF_BLOCK_QUEUES_H
#define SHARK_BPF_BLOCK_QUEUES_H

#include "bpf/block/request.bpf.h"

/* Of kicks, or interrupts: as many as a queue has descriptors with QEMU's default queue-size. */
enum { TIMES_KEPT = 256 };

/*
 * What is going on in a queue. Where the driver is seen its lock of the queue is
 * held while requests are added, kicked and reaped, so these are written one at
 * a time; elsewhere CPUs enter and leave a queue at once, and write only what all
 * of them would write, or atomically.
 */
struct queue {
	/* The last ones, by number: where the driver's ring is seen, or not. */
	union {
		__u64 kick_ns[TIMES_KEPT];
		__u64 interrupt_ns[TIMES_KEPT];
	};
	__u64 irq_ns; /* start of the handler that runs now, or 0 */
	union {
		__u32 kicks;
		__u32 interrupts;
	};
	__u32 reaped; /* by the handler that runs now */
	__u32 in_flight;
	__u32 dev; /* set last; 0: nobody has been here */
	__s32 irq;
	__s32 stack;
	__u16 queue;
	__u16 cpu;
	__u32 pad;
};

/* By the address of the driver's queue, or by device and number; an entry is 2 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct queue);
} queues SEC(".maps");

/* A queue without anything: too large for a program's stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct queue);
} blank SEC(".maps");

static __always_inline struct queue *find_queue(__u64 key)
{
	return bpf_map_lookup_elem(&queues, &key);
}

static __always_inline int is_queue_of(const struct queue *queue,
				       const struct shark_request *request)
{
	return queue->dev == request->dev && queue->queue == request->queue;
}

/* Of several CPUs at once one makes it, and all find it. */
static __always_inline struct queue *make_queue(__u64 key)
{
	__u32 zero = 0;
	struct queue *fresh = bpf_map_lookup_elem(&blank, &zero);

	if (fresh)
		bpf_map_update_elem(&queues, &key, fresh, BPF_NOEXIST);
	return find_queue(key);
}

/* The device and number are those of the request from now on. */
static __always_inline void name_queue(struct queue *queue, const struct shark_request *request)
{
	if (queue->dev)
		queue->in_flight = 0;
	queue->queue = request->queue;
	barrier();
	queue->dev = request->dev;
}

/*
 * NULL, and counted, if there are too many. A queue may lie where one of another
 * device was; it is then told under the queue's lock.
 */
static __always_inline struct queue *queue_of(struct shark_cpu *cpu, __u64 key,
					      const struct shark_request *request)
{
	struct queue *queue = find_queue(key) ?: make_queue(key);

	if (!queue)
		no_room(cpu, SHARK_FULL_QUEUES);
	else if (!is_queue_of(queue, request))
		name_queue(queue, request);
	return queue;
}

/* The queue it has entered; NULL, and counted, if there are too many. */
static __always_inline struct queue *enter_queue(struct shark_cpu *cpu, __u64 key,
						 struct shark_request *request)
{
	struct queue *queue;

	request->queue_key = key;
	request->depth = 0;
	queue = queue_of(cpu, key, request);
	if (!queue)
		return NULL;
	__sync_fetch_and_add(&queue->in_flight, 1);
	request->depth = queue->in_flight;
	return queue;
}

/* If it is in one, and has not been reaped from it. */
static __always_inline void leave_queue(struct shark_request *request)
{
	struct queue *queue = request->depth ? find_queue(request->queue_key) : NULL;

	if (queue && !has(request, SHARK_REAPED) && is_queue_of(queue, request))
		__sync_fetch_and_add(&queue->in_flight, -1);
}

#endif
