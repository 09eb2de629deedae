/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Where the driver's ring is seen: requests are added to it, the device is kicked,
 * an interrupt comes, and they are reaped. A queue is known by the address of what
 * the driver has of it. All of this happens under the queue's lock, or in its
 * interrupt's handler.
 *
 * The kernel may skip a program: where tasks are preempted in programs on
 * tracepoints (7.x), one that issues while another of that CPU is inside; and one
 * that interrupts a run of itself. The programs in the driver run under a lock with
 * interrupts off and see all, so a request that was not seen to be issued is taken
 * up there, or else where it is completed; what came before stays unknown.
 */
#ifndef SHARK_BPF_BLOCK_RING_H
#define SHARK_BPF_BLOCK_RING_H

#include "bpf/block/address.bpf.h"
#include "bpf/block/figures.bpf.h"

/* The queue whose interrupt is handled on this CPU, 0 if none. */
static __always_inline __u64 *handled_queue(struct shark_cpu *cpu)
{
	return &cpu->scratch;
}

/* ---- added ---- */

static __always_inline struct shark_request *take_up(struct shark_cpu *cpu,
						     const struct request_key *key)
{
	struct shark_request fresh;

	if (!may_start() || !describe((struct request *)key->request, &fresh, BARE))
		return NULL;
	lose(&cpu->own[SHARK_LATE_ADDS]);
	return keep(cpu, key, &fresh, BY_ADD);
}

/* A request, known or not; or whatever drivers add where several use the same function. */
enum added { ADDED_REQUEST, ADDED_ANYTHING };

/*
 * The request that is added. One that was reaped has ended, and this is the next that
 * lies there: it was not seen to be issued. Where it may be none, a queue with requests
 * is known by those in it before.
 */
static __always_inline struct shark_request *added_request(struct shark_cpu *cpu, __u64 queue_key,
							   const struct request_key *key,
							   const enum added what)
{
	struct shark_request *request = find_request(key);

	if (request && !has(request, SHARK_REAPED) && !has(request, SHARK_COMPLETED))
		return request;
	if (what == ADDED_ANYTHING && !find_queue(queue_key))
		return NULL;
	return take_up(cpu, key);
}

static __always_inline int on_add_of(__u64 queue_key, __u64 data, const enum added what)
{
	struct request_key key = key_of_driver_data(data);
	struct shark_cpu *cpu = this_cpu();
	struct shark_request *request;
	struct queue *queue;

	request = cpu ? added_request(cpu, queue_key, &key, what) : NULL;
	if (!request)
		return 0;
	leave_queue(request); /* added before, and taken back unseen */
	queue = enter_queue(cpu, queue_key, request);
	if (queue)
		request->kicks_before = queue->kicks;
	note(request, SHARK_ADDED, bpf_ktime_get_ns());
	return 0;
}

/* ---- kicked ---- */

static __always_inline void keep_kick(struct queue *queue)
{
	queue->kick_ns[queue->kicks % TIMES_KEPT] = bpf_ktime_get_ns();
	queue->kicks++;
}

/* Asked whether the device is to be told; `needed` if the answer is known here, else 0. */
static __always_inline int on_kick_of(__u64 queue_key, int needed)
{
	struct queue *queue = find_queue(queue_key);
	struct shark_cpu *cpu = this_cpu();

	if (!queue || !cpu)
		return 0;
	keep_kick(queue);
	count_kick(cpu, queue, 1, needed);
	return 0;
}

/* It is told. Where on_kick_of() cannot know. */
static __always_inline int on_notify_of(__u64 queue_key)
{
	struct queue *queue = find_queue(queue_key);
	struct shark_cpu *cpu = this_cpu();

	if (queue && cpu)
		count_kick(cpu, queue, 0, 1);
	return 0;
}

/* ---- reaped ---- */

static __always_inline void take_kick(struct shark_request *request, const struct queue *queue)
{
	__u32 since = queue->kicks - request->kicks_before;

	/* Added unseen; none yet; or so many that the one is forgotten. */
	if (!request->depth || !since || since > TIMES_KEPT)
		return;
	note(request, SHARK_KICKED, queue->kick_ns[request->kicks_before % TIMES_KEPT]);
}

static __always_inline void take_interrupt(struct shark_request *request, const struct queue *queue)
{
	if (!queue->irq_ns) {
		request->where = SHARK_DONE_POLLED;
		return;
	}
	note(request, SHARK_INTERRUPTED, queue->irq_ns);
	request->irq = queue->irq;
	request->stack = queue->stack;
	put_in_order(request);
}

static __always_inline int on_reap_of(struct shark_request *request, const struct queue *queue)
{
	request->reap_cpu = bpf_get_smp_processor_id();
	leave_queue(request);
	note(request, SHARK_REAPED, bpf_ktime_get_ns());
	if (!queue)
		return 0;
	take_kick(request, queue);
	take_interrupt(request, queue);
	return 0;
}

/* ---- interrupted ---- */

static __always_inline int on_interrupt_of(int irq, __u64 queue_key)
{
	struct queue *queue = find_queue(queue_key);
	struct shark_cpu *cpu = this_cpu();

	if (!queue || !cpu)
		return 0;
	*handled_queue(cpu) = queue_key;
	queue->irq = irq;
	queue->reaped = 0;
	queue->stack = -1;
	queue->irq_ns = bpf_ktime_get_ns();
	return 0;
}

/* The handler is where requests are reaped from now on. */
static __always_inline int on_handler_of(void *ctx, __u64 queue_key)
{
	struct queue *queue = find_queue(queue_key);
	struct shark_cpu *cpu = this_cpu();

	if (queue && cpu)
		queue->stack = keep_stack(cpu, ctx);
	return 0;
}

static __always_inline int on_interrupt_end_of(__u64 queue_key, int not_mine)
{
	struct queue *queue = find_queue(queue_key);
	struct shark_cpu *cpu = this_cpu();

	if (!queue || !cpu)
		return 0;
	*handled_queue(cpu) = 0;
	/* Not seen to start: it ran when the trace began. */
	if (!queue->irq_ns)
		return 0;
	queue->irq_ns = 0;
	if (wanted_cpu())
		count_interrupt(cpu, queue, not_mine);
	return 0;
}

/* ---- see hooks.bpf.h ---- */

/* Not yet in its queue: see on_add_of(). */
static __always_inline void on_issued(struct shark_cpu *cpu, struct shark_request *request)
{
}

static __always_inline int may_have_ended(const struct shark_request *request)
{
	return has(request, SHARK_REAPED);
}

static __always_inline void settle(struct shark_cpu *cpu, struct shark_request *request)
{
	if (!has(request, SHARK_REAPED))
		return;
	if (request->reap_cpu != request->cpu)
		request->where = SHARK_DONE_REMOTE;
	else if (*handled_queue(cpu))
		request->where = SHARK_DONE_HARDIRQ;
	else if (request->where != SHARK_DONE_POLLED)
		request->where = SHARK_DONE_SOFTIRQ;
}

/* Kept when it was reaped. */
static __always_inline __s32 ending_stack(struct shark_cpu *cpu, void *ctx,
					  const struct shark_request *request)
{
	return request->stack;
}

#endif
