/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Block requests in flight and the queues they are in: how their moments are
 * noted, put in order and counted. What calls this is in virtblk.bpf.c.
 */
#ifndef SHARK_BPF_VIRTBLK_H
#define SHARK_BPF_VIRTBLK_H

#include "rows.bpf.h"

/* In the order of the tables in provider_virtblk.c. */
enum { FULL_REQUESTS = SHARK_FULL_OWN, FULL_QUEUES };

/* What a request in flight is known by. Classic tracepoints have no address. */
struct request_key {
#ifdef WAY_TP
	__u64 sector;
	__u32 dev;
	__u32 sectors;
#else
	__u64 request;
#endif
};

/*
 * Requests in flight. Preallocated: programs run where memory cannot be
 * allocated. Not an LRU map: that would forget requests that are the slowest.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct request_key);
	__type(value, struct shark_request);
} extra SEC(".maps");

/* As many as a queue has descriptors with QEMU's default queue-size. */
enum { KICKS_KEPT = 256 };

/*
 * What is going on in a queue. The driver holds the queue's lock where requests
 * are added, kicked and reaped, so these are written one at a time.
 */
struct queue {
	/* The last kicks, by number; without a driver to see, the last interrupts. */
	__u64 kick_ns[KICKS_KEPT];
	__u64 irq_ns; /* start of the handler that runs now, or 0 */
	__u32 kicks;
	__u32 reaped; /* by the handler that runs now */
	__u32 in_flight;
	__u32 dev;
	__s32 irq;
	__s32 stack;
	__u16 queue;
	__u16 cpu;
	__u32 pad;
};

/* By the address of the virtqueue; an entry is 2 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
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

/* ---- queues ---- */

static __always_inline struct queue *find_queue(__u64 key)
{
	return bpf_map_lookup_elem(&queues, &key);
}

/* NULL, and counted, if there are too many. Another device may have been here. */
static __always_inline struct queue *queue_of(struct shark_cpu *cpu, __u64 key,
					      const struct shark_request *request)
{
	struct queue *queue = find_queue(key), *fresh;
	__u32 zero = 0;

	if (queue && queue->dev == request->dev && queue->queue == request->queue)
		return queue;
	fresh = bpf_map_lookup_elem(&blank, &zero);
	if (!fresh)
		return NULL;
	bpf_map_update_elem(&queues, &key, fresh, BPF_ANY);
	queue = find_queue(key);
	if (!queue) {
		no_room(cpu, FULL_QUEUES);
		return NULL;
	}
	queue->dev = request->dev;
	queue->queue = request->queue;
	return queue;
}

static __always_inline void enter_queue(struct shark_request *request, struct queue *queue)
{
	__sync_fetch_and_add(&queue->in_flight, 1);
	request->depth = queue->in_flight;
	request->kick = queue->kicks;
}

/* If it is in one, and has not been reaped from it. */
static __always_inline void leave_queue(const struct shark_request *request)
{
	struct queue *queue = request->depth ? find_queue(request->queue_key) : NULL;

	if (queue && !(request->seen & 1 << SHARK_REAPED))
		__sync_fetch_and_add(&queue->in_flight, -1);
}

static __always_inline void take_kick(struct shark_request *request, const struct queue *queue)
{
	__u32 since = queue->kicks - request->kick;

	/* None yet; or so many that the one is forgotten. */
	if (!since || since > KICKS_KEPT)
		return;
	note(request, SHARK_KICKED, queue->kick_ns[request->kick % KICKS_KEPT]);
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

/* ---- requests ---- */

/* Counts thresholds below n without a branch: the verifier follows each. */
#define ABOVE(n, threshold) ((__u64)((__s64)(threshold) - (__s64)(n)) >> 63)

/* 0: no data; 1: up to 4 KiB; 2: 16; 3: 64; 4: 256; 5: more */
static __always_inline __u8 size_class_of(__u32 bytes)
{
	return ABOVE(bytes, 0) + ABOVE(bytes, 4 << 10) + ABOVE(bytes, 16 << 10) +
	       ABOVE(bytes, 64 << 10) + ABOVE(bytes, 256 << 10);
}

/*
 * Issued again after the block layer took it back: the first time counts. Else
 * the end of the one before was not seen, and its memory is used again.
 */
static __always_inline void issue_again(struct shark_cpu *cpu, const struct request_key *key,
					const struct shark_request *fresh)
{
	struct shark_request *request = bpf_map_lookup_elem(&extra, key);

	if (!request) {
		no_room(cpu, FULL_REQUESTS);
		return;
	}
	if (request->flags & SHARK_REQUEUED) {
		request->flags &= ~SHARK_REQUEUED;
		request->depth = fresh->depth;
		return;
	}
	cpu->entry_unmatched++;
	leave_queue(request);
	bpf_map_update_elem(&extra, key, fresh, BPF_EXIST);
}

/* The caller has filled in what the block layer says of it. */
static __always_inline void issue(struct shark_cpu *cpu, const struct request_key *key,
				  struct shark_request *fresh)
{
	__u64 id = bpf_get_current_pid_tgid();

	fresh->size_class = size_class_of(fresh->bytes);
	fresh->pid = id >> 32;
	fresh->tid = (__u32)id;
	fresh->irq = -1;
	fresh->stack = -1;
	fresh->row = config.nr_rows;
	bpf_get_current_comm(fresh->comm, sizeof(fresh->comm));
	note(fresh, SHARK_ISSUED, bpf_ktime_get_ns());
	if (bpf_map_update_elem(&extra, key, fresh, BPF_NOEXIST))
		issue_again(cpu, key, fresh);
}

/* ---- rows ---- */

/* Filled from the last to the first, which is what others look at. */
static __always_inline void fill_group(__u32 group, const struct row_key *k)
{
	struct row_key key = *k;

	for (int i = SHARK_REQUEST_ROWS - 1; i >= 0; i--) {
		struct shark_row *row = row_at(group + i);

		key.what = k->what + i;
		if (row)
			fill_row(row, &key, NULL);
	}
}

/* As find_row(), for SHARK_REQUEST_ROWS rows behind one another: one search for all stages. */
static __always_inline __u32 find_group(struct shark_cpu *cpu, const struct row_key *k)
{
	__u32 index = 0;
	struct shark_row *row = search_row(cpu, k, SHARK_REQUEST_ROWS, &index);

	if (!row)
		return config.nr_rows;
	if (!row->used)
		fill_group(index, k);
	return index;
}

/* A figure of a queue: SHARK_INTERRUPTS, ... */
static __always_inline struct shark_row *queue_row(struct shark_cpu *cpu, __u32 dev, __u16 queue,
						   __u32 what)
{
	struct row_key k = {
		.key = { queue },
		.id = dev,
		.cpu = bpf_get_smp_processor_id(),
		.what = SHARK_INTERRUPTS,
	};

	return row_at(find_group(cpu, &k) + what - SHARK_INTERRUPTS);
}

/* Tally of SHARK_WHOLE, SHARK_INTERRUPTS, SHARK_KICKS. */
enum { SAME_CPU, REQUEUES, ERRORS, BYTES };
enum { WITHOUT_WORK, NOT_MINE, THE_IRQ };
enum { SENT };

static __always_inline void count_interrupt(struct shark_cpu *cpu, const struct queue *queue,
					    int none)
{
	struct shark_row *row = queue_row(cpu, queue->dev, queue->queue, SHARK_INTERRUPTS);

	if (!row)
		return;
	row->tally[WITHOUT_WORK] += !queue->reaped;
	row->tally[NOT_MINE] += none;
	row->tally[THE_IRQ] = queue->irq;
	count(row, queue->reaped);
}

static __always_inline struct row_key key_of(const struct shark_request *request)
{
	return (struct row_key){
		.key = { (__u64)request->queue | (__u64)request->op << 16 |
			 (__u64)request->size_class << 24 | (__u64)request->where << 32 |
			 (__u64)request->seen << 40 },
		.id = request->dev,
		.cpu = request->cpu,
		.what = SHARK_WHOLE,
	};
}

static __always_inline void count_whole(struct shark_row *row, const struct shark_request *request)
{
	row->tally[SAME_CPU] += request->cpu == request->issue_cpu;
	row->tally[REQUEUES] += request->requeues;
	row->tally[ERRORS] += request->status != 0;
	row->tally[BYTES] += request->bytes;
	count(row, request->at_ns[SHARK_COMPLETED] - request->at_ns[SHARK_ISSUED]);
}

/* Each moment ends the time since the one seen before: together they are the whole. */
static __always_inline void count_stages(__u32 group, struct shark_request *request)
{
	__u64 before = request->at_ns[SHARK_ISSUED];

	for (__u32 i = SHARK_ADDED; i < SHARK_MOMENTS; i++) {
		__u64 at = request->at_ns[i];
		struct shark_row *row = row_at(group + i);

		if (!at || !row)
			continue;
		/* Clocks of two CPUs that are a little apart. */
		if (at < before)
			at = request->at_ns[i] = before;
		count(row, at - before);
		before = at;
	}
}

static __always_inline void count_request(struct shark_cpu *cpu, struct shark_request *request)
{
	struct row_key k = key_of(request);
	__u32 group = find_group(cpu, &k);
	struct shark_row *row = row_at(group);

	if (!row)
		return;
	request->row = group;
	count_stages(group, request);
	count_whole(row, request);
	row = row_at(group + SHARK_DEPTH);
	if (row && request->depth)
		count(row, request->depth);
}

static __always_inline void stream_request(struct shark_cpu *cpu,
					   const struct shark_request *request)
{
	struct shark_request *event;

	if (!control.streaming ||
	    !long_enough(request->at_ns[SHARK_COMPLETED] - request->at_ns[SHARK_ISSUED]))
		return;
	event = reserve_event(cpu, sizeof(*event));
	if (!event)
		return;
	__builtin_memcpy(event, request, sizeof(*event));
	submit_event(cpu, event);
}

#endif
