// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Softirqs by number and CPU: from raise to entry they wait, from entry to exit
 * they run.
 *
 * kernel/softirq.c: __raise_softirq_irqoff() sets a bit of the CPU's pending
 * mask, interrupts off; handle_softirqs() (__do_softirq() before 6.9) takes the
 * whole mask, lets interrupts in again and runs what the mask says, one after
 * the other. A raise of a softirq that is pending already changes nothing; one
 * that comes after the mask was taken asks for another run.
 *
 * With its feature CONTEXT the handlers and vectors are watched too: they say who
 * raised, and the time they take from a softirq is not the softirq's.
 *
 * Rows: SHARK_RUN and SHARK_WAIT; what is in their keys and tallies: wire.h.
 */
#include "bpf/frames.bpf.h"
#include "bpf/rows.bpf.h"
#include "bpf/tp.bpf.h"
#include "tracers/softirq/wire.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct shark_raise);
} extra SEC(".maps");

static __always_inline struct shark_raise *raise_of(__u32 softirq)
{
	__u32 at = bpf_get_smp_processor_id() * SHARK_SOFTIRQS + softirq;

	return softirq < SHARK_SOFTIRQS ? bpf_map_lookup_elem(&extra, &at) : NULL;
}

static __always_inline int wanted(__u32 softirq)
{
	return wanted_id(softirq) && wanted_cpu();
}

TRACEPOINT("softirq_raise")
int on_raise(tp_context *ctx)
{
	__u32 softirq = ID_OF(ctx, SHARK_SOFTIRQ_AT_SOFTIRQ);
	struct shark_raise *raise = raise_of(softirq);
	struct shark_cpu *cpu = this_cpu();

	if (!raise || !cpu || !may_start() || !wanted(softirq))
		return 0;
	if (!raise->ns) {
		raise->by = running_here(cpu);
		raise->stack = take_stack(cpu, ctx);
		raise->again_ns = 0;
		raise->ns = bpf_ktime_get_ns();
		return 0;
	}
	raise->coalesced++;
	if (raise->again_ns)
		return 0;
	raise->again_by = running_here(cpu);
	raise->again_stack = take_stack(cpu, ctx);
	raise->again_ns = bpf_ktime_get_ns();
	return 0;
}

/*
 * The raise that this run answers. When none is left, the first that seemed to
 * be one too many came after the mask had been taken: it asked for this run.
 */
static __always_inline void answer(struct shark_raise *raise, struct shark_frame *frame)
{
	__u64 raised = raise->ns;

	frame->asked_by = raise->by;
	frame->stack = raise->stack;
	raise->ns = 0;
	if (!raised) {
		raised = raise->again_ns;
		frame->asked_by = raise->again_by;
		frame->stack = raise->again_stack;
		raise->again_ns = 0;
	}
	if (raised)
		frame->wait_ns = frame->entered_ns - raised;
}

static __always_inline void count_wait(struct shark_cpu *cpu, struct shark_raise *raise,
				       const struct shark_frame *frame)
{
	/* Tasks share a row: there is no end to their number. */
	__u64 by = frame->asked_by >> 32 == SHARK_TASK ? 0 : frame->asked_by;
	struct row_key k = {
		.key = { [SHARK_SOFTIRQ_RAISED_BY] = by },
		.id = frame->id,
		.cpu = bpf_get_smp_processor_id(),
		.what = SHARK_WAIT,
	};
	struct shark_row *row = row_at(find_row(cpu, &k, NULL));

	if (!row)
		return;
	count_begins(row);
	row->tally[SHARK_SOFTIRQ_COALESCED] += raise->coalesced;
	raise->coalesced = 0;
	add_time(row, frame->wait_ns);
	count_ends(row);
}

TRACEPOINT("softirq_entry")
int on_entry(tp_context *ctx)
{
	__u32 softirq = ID_OF(ctx, SHARK_SOFTIRQ_AT_SOFTIRQ);
	struct row_key k = { .id = softirq, .cpu = bpf_get_smp_processor_id() };
	struct shark_cpu *cpu = this_cpu();
	struct shark_frame *frame;
	struct shark_raise *raise;

	if (!cpu || !may_start() || !wanted(softirq))
		return 0;
	frame = push_frame(cpu, SHARK_SOFTIRQ, softirq, find_row(cpu, &k, NULL));
	if (!frame || !has_feature(SHARK_SOFTIRQ_FEATURE_WAIT))
		return 0;
	raise = raise_of(softirq);
	if (!raise)
		return 0;
	answer(raise, frame);
	if (frame->wait_ns)
		count_wait(cpu, raise, frame);
	return 0;
}

/* "ksoftirq" as a number, little endian. */
#define KSOFTIRQ 0x71726974666f736bULL

/* Asked for the first softirq of a task only: names are compared slowly. */
static __always_inline __u32 in_ksoftirqd(struct shark_cpu *cpu)
{
	__u32 pid = (__u32)bpf_get_current_pid_tgid();
	union {
		char text[16];
		__u64 words[2];
	} comm = {};

	if (pid == cpu->pid)
		return cpu->is_ksoftirqd;
	bpf_get_current_comm(comm.text, sizeof(comm.text));
	cpu->pid = pid;
	cpu->is_ksoftirqd = comm.words[0] == KSOFTIRQ && comm.text[8] == 'd';
	return cpu->is_ksoftirqd;
}

static __always_inline void stream(struct shark_cpu *cpu, const struct shark_frame *frame, __u64 ns,
				   __u32 ksoftirqd)
{
	struct shark_deferred_event *event;

	if (!control.streaming || (!long_enough(ns) && !long_enough(frame->wait_ns)))
		return;
	event = reserve_event(cpu, sizeof(*event));
	if (!event)
		return;
	event->ts_ns = frame->entered_ns;
	event->ns = ns;
	event->wait_ns = frame->wait_ns;
	event->nested_ns = frame->nested_ns;
	event->asked_by = frame->asked_by;
	event->id = frame->id;
	event->row = frame->row;
	event->cpu = (__u16)bpf_get_smp_processor_id();
	event->ksoftirqd = (__u16)ksoftirqd;
	event->stack = frame->stack;
	submit_event(cpu, event);
}

TRACEPOINT("softirq_exit")
int on_exit(tp_context *ctx)
{
	__u64 now = bpf_ktime_get_ns(), ns;
	__u32 softirq = ID_OF(ctx, SHARK_SOFTIRQ_AT_SOFTIRQ), ksoftirqd;
	struct shark_cpu *cpu = this_cpu();
	struct shark_frame *frame;
	struct shark_row *row;

	if (!cpu || !may_end() || !wanted(softirq))
		return 0;
	frame = end_frame(cpu, SHARK_SOFTIRQ, softirq, now, &ns);
	if (!frame)
		return 0;
	ksoftirqd = in_ksoftirqd(cpu);
	row = row_at(frame->row);
	if (row) {
		count_begins(row);
		row->nested_ns += frame->nested_ns;
		row->tally[SHARK_SOFTIRQ_IN_KSOFTIRQD] += ksoftirqd;
		row->tally[SHARK_SOFTIRQ_RAISE_UNSEEN] +=
			has_feature(SHARK_SOFTIRQ_FEATURE_WAIT) && !frame->wait_ns;
		add_time(row, ns);
		count_ends(row);
	}
	stream(cpu, frame, ns, ksoftirqd);
	pop_frame(cpu, frame);
	return 0;
}

/* ---- what interrupts a softirq, and what raises it ---- */

/* Frames without a row: their time is another trace's to count. */
static __always_inline int interrupted(__u32 kind, __u32 id)
{
	struct shark_cpu *cpu = this_cpu();

	if (cpu && may_start() && wanted_cpu())
		push_frame(cpu, kind, id, config.nr_rows);
	return 0;
}

static __always_inline int resumed(__u32 kind, __u32 id)
{
	__u64 now = bpf_ktime_get_ns();
	struct shark_cpu *cpu = this_cpu();

	if (cpu && may_end() && wanted_cpu())
		drop_frame(cpu, kind, id, now);
	return 0;
}

TRACEPOINT("irq_handler_entry")
int on_irq_entry(tp_context *ctx)
{
	return interrupted(SHARK_HARDIRQ, ID_OF(ctx, SHARK_SOFTIRQ_AT_IRQ));
}

TRACEPOINT("irq_handler_exit")
int on_irq_exit(tp_context *ctx)
{
	return resumed(SHARK_HARDIRQ, ID_OF(ctx, SHARK_SOFTIRQ_AT_IRQ));
}

TRACEPOINT("local_timer_entry")
int on_vector_entry(tp_context *ctx)
{
	return interrupted(SHARK_VECTOR, ID_OF(ctx, SHARK_SOFTIRQ_AT_VECTOR));
}

TRACEPOINT("local_timer_exit")
int on_vector_exit(tp_context *ctx)
{
	return resumed(SHARK_VECTOR, ID_OF(ctx, SHARK_SOFTIRQ_AT_VECTOR));
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
