// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* virtio-blk by the tracepoints of the block layer and of interrupts, with bare arguments. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/block/raw_tp.bpf.h"
#include "tracers/virtblk/disks.bpf.h"
#include "tracers/virtblk/vring.bpf.h"

SEC("raw_tp/irq_handler_entry")
int on_irq(struct bpf_raw_tracepoint_args *ctx)
{
	struct irqaction *action = (struct irqaction *)ctx->args[1];

	return may_end() ? on_handler_start((__u32)ctx->args[0], BPF_CORE_READ(action, name),
					    BPF_CORE_READ(action, dev_id))
			 : 0;
}

SEC("raw_tp/irq_handler_exit")
int on_irq_end(struct bpf_raw_tracepoint_args *ctx)
{
	return may_end() ? on_irq_end_of((__u32)ctx->args[0]) : 0;
}

SEC("raw_tp/softirq_entry")
int on_softirq(struct bpf_raw_tracepoint_args *ctx)
{
	return on_softirq_of((__u32)ctx->args[0], bpf_ktime_get_ns());
}

SEC("raw_tp/softirq_exit")
int on_softirq_end(struct bpf_raw_tracepoint_args *ctx)
{
	return on_softirq_of((__u32)ctx->args[0], 0);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
