// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * virtio-blk by classic tracepoints of the block layer and of interrupts: requests
 * have no address, and no queue.
 */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/block/tp.bpf.h"
#include "tracers/virtblk/handlers.bpf.h"
#include "tracers/virtblk/wire.h"

static __always_inline int is_own_device(__u32 dev)
{
	return dev >> 20 == config.at[SHARK_VIRTBLK_MAJOR];
}

SEC("tracepoint/irq/irq_handler_entry")
int on_irq(void *ctx)
{
	__u32 name_at = field(ctx, config.at[SHARK_VIRTBLK_AT_NAME]) & 0xffff;
	struct shark_cpu *cpu = this_cpu();

	if (!cpu || !may_end() || !is_virtio(ctx + name_at))
		return 0;
	return on_irq_of(cpu, field(ctx, config.at[SHARK_VIRTBLK_AT_IRQ]), NULL);
}

SEC("tracepoint/irq/irq_handler_exit")
int on_irq_end(void *ctx)
{
	return may_end() ? on_irq_end_of(field(ctx, config.at[SHARK_VIRTBLK_AT_IRQ])) : 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
