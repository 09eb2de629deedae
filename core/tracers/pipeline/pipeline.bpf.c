// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Time that interrupts take in Dovetail's pipeline, by IRQ and CPU: from irq_pipeline_entry(irq)
 * to irq_pipeline_exit(irq), in generic_pipeline_irq_desc() (kernel/irq/pipeline.c of
 * Dovetail's trees). Between them the out-of-band handlers run; in-band ones wait
 * in the log until later.
 *
 * Rows: SHARK_RUN, id: the IRQ.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/spans.bpf.h"

static __always_inline int wanted(int irq)
{
	return wanted_id(irq) && wanted_cpu();
}

/* What ends comes first: programs are attached in this order. */
SEC("raw_tp/irq_pipeline_exit")
int BPF_PROG(on_exit, int irq)
{
	return may_end() && wanted(irq) ? end_span(ctx, SHARK_HARDIRQ, irq) : 0;
}

SEC("raw_tp/irq_pipeline_entry")
int BPF_PROG(on_entry, int irq)
{
	struct row_key k = { .id = irq, .cpu = bpf_get_smp_processor_id() };

	return may_start() && wanted(irq) ? start_span(SHARK_HARDIRQ, irq, &k) : 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
