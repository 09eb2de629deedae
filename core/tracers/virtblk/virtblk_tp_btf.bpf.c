// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* virtio-blk by the tracepoints of the block layer and of interrupts, with types. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/block/tp_btf.bpf.h"
#include "tracers/virtblk/disks.bpf.h"
#include "tracers/virtblk/vring.bpf.h"

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_irq, int irq, struct irqaction *action)
{
	return may_end() ? on_handler_start(irq, action->name, action->dev_id) : 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_irq_end, int irq)
{
	return may_end() ? on_irq_end_of(irq) : 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(on_softirq, unsigned int softirq)
{
	return on_softirq_of(softirq, bpf_ktime_get_ns());
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(on_softirq_end, unsigned int softirq)
{
	return on_softirq_of(softirq, 0);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
