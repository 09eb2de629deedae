/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What runs on a CPU, innermost last. Softirqs are interrupted by vectors and
 * handlers, handlers call handlers of other IRQs (generic_handle_irq() for Intel
 * VMD, GPIO chips): each CPU keeps a stack of frames. Time goes to the innermost.
 *
 * Programs of softirqs are interrupted themselves, by programs that push and pop
 * frames above theirs. All that starts within ends within, so the depth is as it
 * was; but what is above the depth is not one's own. A frame is filled after the
 * depth counts it in, and read before the depth counts it out.
 */
#ifndef SHARK_BPF_FRAMES_H
#define SHARK_BPF_FRAMES_H

#include "bpf/session.bpf.h"

static __always_inline int is_frame_of(const struct shark_frame *frame, __u32 kind, __u32 id)
{
	return !((frame->kind ^ kind) | (frame->id ^ id));
}

static __always_inline void begin_running(struct shark_running *running, __u32 kind, __u32 id)
{
	if (kind == SHARK_HARDIRQ)
		running->irq = id + 1;
	else if (kind == SHARK_VECTOR)
		running->vector = (__u16)(id + 1);
	else if (kind == SHARK_SOFTIRQ)
		running->softirq = (__u16)(id + 1);
}

/* Nothing interrupts itself: a frame of it left here lost its exit. */
static __always_inline void drop_stale(struct shark_cpu *cpu, __u32 kind, __u32 id)
{
	for (__u32 i = 0; i < SHARK_MAX_NESTING && i < cpu->depth; i++) {
		if (!is_frame_of(&cpu->frames[i], kind, id))
			continue;
		cpu->entry_unmatched += cpu->depth - i;
		cpu->running = cpu->frames[i].outside;
		cpu->depth = i;
		return;
	}
}

/*
 * The new frame, for the caller to fill in further, as yet without a time; NULL if
 * nested too deep.
 */
static __always_inline struct shark_frame *open_frame(struct shark_cpu *cpu, __u32 kind, __u32 id,
						      __u32 row)
{
	struct shark_frame *frame;
	__u32 depth;

	drop_stale(cpu, kind, id);
	depth = cpu->depth;
	if (depth >= SHARK_MAX_NESTING) {
		cpu->depth++;
		lose(&cpu->too_deep);
		return NULL;
	}
	frame = &cpu->frames[depth];
	frame->kind = kind; /* not one left by another: see drop_stale() */
	barrier();
	cpu->depth = depth + 1;
	barrier();
	frame->nested_ns = 0;
	frame->wait_ns = 0;
	frame->asked_by = 0;
	frame->kind = kind;
	frame->id = id;
	frame->row = row;
	frame->stack = -1;
	frame->outside = cpu->running;
	begin_running(&cpu->running, kind, id);
	return frame;
}

/* The same, of something that starts now. */
static __always_inline struct shark_frame *push_frame(struct shark_cpu *cpu, __u32 kind, __u32 id,
						      __u32 row)
{
	struct shark_frame *frame = open_frame(cpu, kind, id, row);

	if (frame)
		frame->entered_ns = bpf_ktime_get_ns();
	return frame;
}

/*
 * The frame of what ends now; frames above it lost their exit. Without one it
 * started before the trace did, or after its entries were detached, and others
 * stay as they are.
 */
static __always_inline struct shark_frame *find_frame(struct shark_cpu *cpu, __u32 kind, __u32 id)
{
	__u32 top = cpu->depth - 1;

	for (int i = 0; i < SHARK_MAX_NESTING; i++, top--)
		if (top >= SHARK_MAX_NESTING || is_frame_of(&cpu->frames[top], kind, id))
			break;
	barrier_var(top); /* the verifier shall see the check of what is used below */
	if (top >= SHARK_MAX_NESTING) {
		cpu->exit_unmatched += may_start();
		return NULL;
	}
	/* Counted here, from the depth: in the loop it would be another state for each turn. */
	cpu->entry_unmatched += cpu->depth - 1 - top;
	cpu->depth = top + 1;
	return &cpu->frames[top];
}

/*
 * The frame that ends now, and in *ns its own time: what it ran without what it
 * was interrupted by. pop_frame() is to follow when the frame is done with.
 */
static __always_inline struct shark_frame *end_frame(struct shark_cpu *cpu, __u32 kind, __u32 id,
						     __u64 now, __u64 *ns)
{
	struct shark_frame *frame;
	__u32 outer;

	if (cpu->depth > SHARK_MAX_NESTING) {
		cpu->depth--;
		return NULL;
	}
	frame = find_frame(cpu, kind, id);
	if (!frame)
		return NULL;
	now -= frame->entered_ns;
	outer = cpu->depth - 2;
	if (outer < SHARK_MAX_NESTING)
		cpu->frames[outer].nested_ns += now;
	/* An interrupt after `now` was read is in nested_ns, but not in the time. */
	*ns = now > frame->nested_ns ? now - frame->nested_ns : 0;
	return frame;
}

static __always_inline void pop_frame(struct shark_cpu *cpu, const struct shark_frame *frame)
{
	cpu->running = frame->outside;
	barrier();
	cpu->depth--;
}

/* What runs here now, as in shark_raise.by; a task if no frame is open. */
static __always_inline __u64 running_here(struct shark_cpu *cpu)
{
	__u32 top = cpu->depth - 1;

	if (top < SHARK_MAX_NESTING)
		return (__u64)cpu->frames[top].kind << 32 | cpu->frames[top].id;
	return (__u64)SHARK_TASK << 32 | (__u32)bpf_get_current_pid_tgid();
}

/* The frame as an event, if it is to be one. */
static __always_inline void stream_frame(struct shark_cpu *cpu, void *ctx,
					 const struct shark_frame *frame, __u64 ns, int ret)
{
	struct shark_event *event;
	__s32 stack;

	if (!control.streaming || !long_enough(ns))
		return;
	stack = take_stack(cpu, ctx);
	event = reserve_event(cpu, sizeof(*event));
	if (!event)
		return;
	event->ts_ns = frame->entered_ns;
	event->ns = ns;
	event->id = frame->id;
	event->row = frame->row;
	event->cpu = (__u16)bpf_get_smp_processor_id();
	event->ret = (__s16)ret;
	event->stack = stack;
	submit_event(cpu, event);
}

/* Ends a frame whose time nobody wants to know. */
static __always_inline void drop_frame(struct shark_cpu *cpu, __u32 kind, __u32 id, __u64 now)
{
	struct shark_frame *frame;
	__u64 ns;

	frame = end_frame(cpu, kind, id, now, &ns);
	if (frame)
		pop_frame(cpu, frame);
}

#endif
