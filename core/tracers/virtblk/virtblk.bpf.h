/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Block requests in flight and the queues they are in: how their moments are
 * noted, put in order and counted. What calls this is in virtblk.bpf.c.
 */
#ifndef SHARK_BPF_VIRTBLK_H
#define SHARK_BPF_VIRTBLK_H

#include "bpf/rows.bpf.h"
#include "tracers/virtblk/wire.h"

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
 * What is going on in a queue. Where the driver is seen its lock of the queue is
 * held while requests are added, kicked and reaped, so these are written one at
 * a time; elsewhere CPUs enter and leave a queue at once, and write only what all
 * of them would write, or atomically.
 */
struct queue {
	/* The last kicks, by number; without a driver to see, the last interrupts. */
	__u64 kick_ns[KICKS_KEPT];
	__u64 irq_ns; /* start of the handler that runs now, or 0 */
	__u32 kicks;
	__u32 reaped; /* by the handler that runs now */
	__u32 in_flight;
	__u32 dev; /* set last; 0: nobody has been here */
	__s32 irq;
	__s32 stack;
	__u16 queue;
	__u16 cpu;
	__u32 pad;
};

/* By the address of the virtqueue, or by device and number; an entry is 2 KiB. */
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

/* ---- queues ---- */

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

/*
 * NULL, and counted, if there are too many. A virtqueue may lie where one of
 * another device was; it is then told under the queue's lock.
 */
static __always_inline struct queue *queue_of(struct shark_cpu *cpu, __u64 key,
					      const struct shark_request *request)
{
	struct queue *queue = find_queue(key) ?: make_queue(key);

	if (!queue) {
		no_room(cpu, SHARK_FULL_QUEUES);
		return NULL;
	}
	if (is_queue_of(queue, request))
		return queue;
	if (queue->dev)
		queue->in_flight = 0;
	queue->queue = request->queue;
	barrier();
	queue->dev = request->dev;
	return queue;
}

static __always_inline void enter_queue(struct shark_request *request, struct queue *queue)
{
	__sync_fetch_and_add(&queue->in_flight, 1);
	request->depth = queue->in_flight;
	request->kick = queue->kicks;
}

/* If it is in one, and has not been reaped from it. */
static __always_inline void leave_queue(struct shark_request *request)
{
	struct queue *queue = request->depth ? find_queue(request->queue_key) : NULL;

	if (queue && !has(request, SHARK_REAPED) && is_queue_of(queue, request))
		__sync_fetch_and_add(&queue->in_flight, -1);
}

static __always_inline void take_kick(struct shark_request *request, const struct queue *queue)
{
	__u32 since = queue->kicks - request->kick;

	/* Added unseen; none yet; or so many that the one is forgotten. */
	if (!request->depth || !since || since > KICKS_KEPT)
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
		.key = { [SHARK_REQUEST_KIND] = queue },
		.id = dev,
		.cpu = bpf_get_smp_processor_id(),
		.what = SHARK_INTERRUPTS,
	};

	return row_at(find_group(cpu, &k) + what - SHARK_INTERRUPTS);
}

static __always_inline void count_interrupt(struct shark_cpu *cpu, const struct queue *queue,
					    int none)
{
	struct shark_row *row = queue_row(cpu, queue->dev, queue->queue, SHARK_INTERRUPTS);

	if (!row)
		return;
	count_begins(row);
	row->tally[SHARK_INTERRUPT_WITHOUT_WORK] += !queue->reaped;
	row->tally[SHARK_INTERRUPT_NOT_MINE] += none;
	row->tally[SHARK_INTERRUPT_IRQ] = queue->irq;
	add_time(row, queue->reaped);
	count_ends(row);
}

/*
 * Who counts is in the key: a program never runs twice at once on a CPU, but a
 * task in one may be preempted, or interrupted, and another program run there.
 */
enum counter { BY_COMPLETION, BY_SECOND, BY_ISSUE, BY_ADD };

static __always_inline struct row_key key_of(const struct shark_request *request, enum counter by)
{
	return (struct row_key){
		.key = { [SHARK_REQUEST_KIND] = (__u64)request->queue << SHARK_KIND_QUEUE |
						(__u64)request->op << SHARK_KIND_OP |
						(__u64)request->size_class << SHARK_KIND_SIZE |
						(__u64)request->where << SHARK_KIND_WHERE |
						(__u64)request->seen << SHARK_KIND_SEEN |
						(__u64)by << SHARK_KIND_BY },
		.id = request->dev,
		.cpu = bpf_get_smp_processor_id(),
		.what = SHARK_WHOLE,
	};
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
	struct row_key k = key_of(request, by);
	__u32 group = find_group(cpu, &k);
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

/* By what it has in common with others, behind count and time. */
struct ending_key {
	__s32 stack, irq;
	__u32 dev;
	__u16 queue;
	__u8 op, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct ending_key);
	__type(value, struct shark_ending);
} endings SEC(".maps");

/* There are hundreds of stacks, with all that can be interrupted: too many for rows. */
static __always_inline void count_ending(struct shark_cpu *cpu, const struct shark_request *request,
					 __u64 ns)
{
	struct ending_key key = {
		.stack = request->stack,
		.irq = request->irq,
		.dev = request->dev,
		.queue = request->queue,
		.op = request->op,
	};
	struct shark_ending fresh = {
		.stack = key.stack,
		.irq = key.irq,
		.dev = key.dev,
		.queue = key.queue,
		.op = key.op,
	};
	struct shark_ending *ending = bpf_map_lookup_elem(&endings, &key);

	if (!ending) {
		bpf_map_update_elem(&endings, &key, &fresh, BPF_NOEXIST);
		ending = bpf_map_lookup_elem(&endings, &key);
	}
	if (!ending) {
		no_room(cpu, SHARK_FULL_ENDINGS);
		return;
	}
	__sync_fetch_and_add(&ending->count, 1);
	__sync_fetch_and_add(&ending->total_ns, ns);
}

static __always_inline void stream_request(struct shark_cpu *cpu,
					   const struct shark_request *request, __u64 ns)
{
	struct shark_request *event;

	if (!control.streaming || !long_enough(ns))
		return;
	event = reserve_event(cpu, sizeof(*event));
	if (!event)
		return;
	__builtin_memcpy(event, request, sizeof(*event));
	submit_event(cpu, event);
}

/* ---- issued ---- */

static __always_inline void fill_asker(struct shark_request *fresh)
{
	__u64 id = bpf_get_current_pid_tgid();

	fresh->pid = id >> 32;
	fresh->tid = (__u32)id;
	bpf_get_current_comm(fresh->comm, sizeof(fresh->comm));
}

/* A request of which only is known what the caller fills in. */
static __always_inline void fill_blank(struct shark_request *fresh)
{
	__builtin_memset(fresh, 0, sizeof(*fresh));
	fresh->irq = -1;
	fresh->stack = -1;
	fresh->row = config.nr_rows;
}

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
 * The end of the request that was here was not seen, and its memory is used
 * again: it is counted now. Without an address another may be meant, which ends
 * later and is counted then.
 */
static __always_inline void end_former(struct shark_cpu *cpu, struct shark_request *request,
				       enum counter by)
{
#ifdef WAY_TP
	lose(&cpu->entry_unmatched);
#else
	lose(&cpu->own[SHARK_ENDS_UNSEEN]);
	if (wanted_cpu())
		count_request(cpu, request, by);
#endif
	leave_queue(request);
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
#ifdef SEES_THE_DRIVER
	if (!has(request, SHARK_REAPED) && !has(request, SHARK_COMPLETED)) {
		take_back(request);
		return;
	}
#endif
	/* Counted already, where its entry could not be deleted. */
	if (!has(request, SHARK_COMPLETED))
		end_former(cpu, request, by);
	__builtin_memcpy(request, fresh, sizeof(*request));
}

/* The request as it is kept; NULL, and counted, if there are too many. */
static __always_inline struct shark_request *keep(struct shark_cpu *cpu,
						  const struct request_key *key,
						  const struct shark_request *fresh,
						  enum counter by)
{
	int code = bpf_map_update_elem(&extra, key, fresh, BPF_NOEXIST);
	struct shark_request *request = bpf_map_lookup_elem(&extra, key);

	if (!request)
		no_room(cpu, SHARK_FULL_REQUESTS);
	else if (code)
		issue_again(cpu, request, fresh, by);
	return request;
}

#endif
