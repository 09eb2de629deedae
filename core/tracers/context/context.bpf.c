// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * What each CPU is in: a frame for each handler of an IRQ, system vector and softirq
 * that runs. Nothing is counted; programs of others look at shark_cpu.running.
 */
#include "bpf/frames.bpf.h"
#include "bpf/tp.bpf.h"
#include "tracers/context/wire.h"

static __always_inline int enter(__u32 kind, __u32 id)
{
	struct shark_cpu *cpu = this_cpu();

	if (cpu && may_start())
		open_frame(cpu, kind, id, config.nr_rows);
	return 0;
}

/* No time is taken, so none is to be told from it. */
static __always_inline int leave(__u32 kind, __u32 id)
{
	struct shark_cpu *cpu = this_cpu();

	if (cpu && may_end())
		drop_frame(cpu, kind, id, 0);
	return 0;
}

TRACEPOINT("irq_handler_entry")
int on_irq_entry(tp_context *ctx)
{
	return enter(SHARK_HARDIRQ, ID_OF(ctx, SHARK_CONTEXT_AT_IRQ));
}

TRACEPOINT("irq_handler_exit")
int on_irq_exit(tp_context *ctx)
{
	return leave(SHARK_HARDIRQ, ID_OF(ctx, SHARK_CONTEXT_AT_IRQ));
}

TRACEPOINT("local_timer_entry")
int on_vector_entry(tp_context *ctx)
{
	return enter(SHARK_VECTOR, ID_OF(ctx, SHARK_CONTEXT_AT_VECTOR));
}

TRACEPOINT("local_timer_exit")
int on_vector_exit(tp_context *ctx)
{
	return leave(SHARK_VECTOR, ID_OF(ctx, SHARK_CONTEXT_AT_VECTOR));
}

TRACEPOINT("softirq_entry")
int on_softirq_entry(tp_context *ctx)
{
	return enter(SHARK_SOFTIRQ, ID_OF(ctx, SHARK_CONTEXT_AT_SOFTIRQ));
}

TRACEPOINT("softirq_exit")
int on_softirq_exit(tp_context *ctx)
{
	return leave(SHARK_SOFTIRQ, ID_OF(ctx, SHARK_CONTEXT_AT_SOFTIRQ));
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
