// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * virtio-blk, request by request, by breakpoints on the driver's functions: see
 * virtblk_fentry.bpf.c, with the arguments that are left.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/block/raw_tp.bpf.h"
#include "bpf/block/ring.bpf.h"
#include "tracers/virtblk/disks.bpf.h"

/* virtblk_add_req() where it is no function of its own (5.10): what it calls. */
SEC("kprobe/virtqueue_add_sgs")
int BPF_KPROBE(on_add, void *vq, void *sgs, unsigned int out, unsigned int in, void *data)
{
	return may_end() ? on_add_of((__u64)vq, (__u64)data, ADDED_ANYTHING) : 0;
}

/* A return does not say of which queue; that it was kicked is seen in on_notify(). */
SEC("kprobe/virtqueue_kick_prepare")
int BPF_KPROBE(on_kick, void *vq)
{
	return may_end() ? on_kick_of((__u64)vq, 0) : 0;
}

SEC("kprobe/virtqueue_notify")
int BPF_KPROBE(on_notify, void *vq)
{
	return may_end() ? on_notify_of((__u64)vq) : 0;
}

/* Of any virtio device: what is no request of ours is not found. */
SEC("kretprobe/virtqueue_get_buf")
int BPF_KRETPROBE(on_reap, void *data)
{
	struct request_key key = key_of_driver_data((__u64)data);
	struct shark_request *request;
	struct queue *queue;

	request = data && may_end() ? find_request(&key) : NULL;
	if (!request)
		return 0;
	queue = find_queue(request->queue_key);
	if (queue)
		queue->reaped++;
	return on_reap_of(request, queue);
}

SEC("kprobe/vring_interrupt")
int BPF_KPROBE(on_interrupt, int irq, void *vq)
{
	return may_end() ? on_interrupt_of(irq, (__u64)vq) : 0;
}

/* Handlers of one CPU run one after the other: it is the one that started last. */
SEC("kretprobe/vring_interrupt")
int BPF_KRETPROBE(on_interrupt_end, int ret)
{
	struct shark_cpu *cpu = this_cpu();
	__u64 queue = cpu ? *handled_queue(cpu) : 0;

	return queue && may_end() ? on_interrupt_end_of(queue, !ret) : 0;
}

SEC("kprobe/virtblk_done")
int BPF_KPROBE(on_done, void *vq)
{
	return may_end() ? on_handler_of(ctx, (__u64)vq) : 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
