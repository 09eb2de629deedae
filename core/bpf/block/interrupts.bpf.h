/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Where the driver's ring is not seen: handlers of interrupts start and end, and the
 * softirq that completes requests. A request is in its queue from when it is issued,
 * and ends by the handler that runs, or the last one before the softirq. A queue is
 * known by its device and number.
 */
#ifndef SHARK_BPF_BLOCK_INTERRUPTS_H
#define SHARK_BPF_BLOCK_INTERRUPTS_H

#include "bpf/block/figures.bpf.h"
#include "bpf/block/hooks.bpf.h"
#include "bpf/frames.bpf.h"

/* include/linux/interrupt.h */
enum { BLOCK_SOFTIRQ = 4 };

/* When the BLOCK softirq that runs on this CPU started, 0 if none does. */
static __always_inline __u64 *softirq_start(struct shark_cpu *cpu)
{
	return &cpu->scratch;
}

static __always_inline __u64 device_queue_key(__u32 dev, __u16 queue)
{
	return (__u64)dev << 16 | queue;
}

/* ---- handlers ---- */

/* Begins the handler of a driver's interrupt; the queue is the one it is for, or NULL. */
static __always_inline int on_irq_of(struct shark_cpu *cpu, __u32 irq, struct queue *queue)
{
	struct shark_frame *frame = push_frame(cpu, SHARK_HARDIRQ, irq, config.nr_rows);

	if (!frame || !queue)
		return 0;
	queue->irq = irq;
	queue->cpu = bpf_get_smp_processor_id();
	queue->interrupt_ns[queue->interrupts % TIMES_KEPT] = frame->entered_ns;
	queue->interrupts++;
	if (wanted_cpu())
		count_bare_interrupt(cpu, queue);
	return 0;
}

static __always_inline int on_irq_end_of(__u32 irq)
{
	struct shark_cpu *cpu = this_cpu();

	/* Only handlers of the driver's devices have frames. */
	if (cpu && cpu->depth)
		drop_frame(cpu, SHARK_HARDIRQ, irq, bpf_ktime_get_ns());
	return 0;
}

/* `now` if it starts, 0 if it ends. */
static __always_inline int on_softirq_of(__u32 softirq, __u64 now)
{
	struct shark_cpu *cpu = softirq == BLOCK_SOFTIRQ ? this_cpu() : NULL;

	if (cpu)
		*softirq_start(cpu) = now;
	return 0;
}

/* ---- what a request ends by ---- */

static __always_inline void end_by(struct shark_request *request, __u32 irq, __u64 irq_ns,
				   __u8 where)
{
	request->where = where;
	request->irq = irq;
	note(request, SHARK_INTERRUPTED, irq_ns);
}

/*
 * Completed after the handler. The softirq takes what was reaped before it
 * started, so the interrupt is the queue's last before that.
 */
static __always_inline void settle_later(struct shark_cpu *cpu, struct shark_request *request)
{
	struct queue *queue = find_queue(request->queue_key);
	__u64 start = *softirq_start(cpu) ?: request->at_ns[SHARK_COMPLETED], irq_ns;
	__u32 last;

	if (!queue || queue->interrupts == request->interrupts_before)
		return;
	last = queue->interrupts - 1;
	irq_ns = queue->interrupt_ns[last % TIMES_KEPT];
	if (irq_ns > start)
		irq_ns = queue->interrupt_ns[(last - 1) % TIMES_KEPT];
	if (irq_ns > start || irq_ns < request->at_ns[SHARK_ISSUED])
		return;
	end_by(request, queue->irq, irq_ns,
	       queue->cpu == request->cpu ? SHARK_DONE_SOFTIRQ : SHARK_DONE_REMOTE);
}

/* ---- see hooks.bpf.h ---- */

static __always_inline void on_issued(struct shark_cpu *cpu, struct shark_request *request)
{
	__u64 key = device_queue_key(request->dev, request->queue);
	struct queue *queue = enter_queue(cpu, key, request);

	if (queue)
		request->interrupts_before = queue->interrupts;
}

static __always_inline int may_have_ended(const struct shark_request *request)
{
	return 1;
}

static __always_inline void settle(struct shark_cpu *cpu, struct shark_request *request)
{
	__u32 top = cpu->depth - 1;

	if (top < SHARK_MAX_NESTING)
		end_by(request, cpu->frames[top].id, cpu->frames[top].entered_ns,
		       SHARK_DONE_HARDIRQ);
	else
		settle_later(cpu, request);
}

static __always_inline __s32 ending_stack(struct shark_cpu *cpu, void *ctx,
					  const struct shark_request *request)
{
	return keep_stack(cpu, ctx);
}

#endif
