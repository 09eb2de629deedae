// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * virtio-blk, request by request, by trampolines on the driver's functions: issued,
 * added to the ring, kicked, ended by an interrupt, reaped, completed.
 *
 * drivers/block/virtio_blk.c: blk_mq_start_request() passes block_rq_issue,
 * virtblk_add_req() puts the request into the ring, virtqueue_kick_prepare()
 * says whether the device must be told, and virtqueue_notify() tells it. The
 * interrupt's handler vring_interrupt() calls virtblk_done(), which takes what is
 * done with virtqueue_get_buf(); blk_mq_complete_request() ends it there, in
 * BLOCK softirq (one queue) or on the CPU that issued it, and passes
 * block_rq_complete. Polling queues are reaped without an interrupt.
 * virtio_queue_rq() is no place to look: 5.16 and later mostly take
 * virtio_queue_rqs(). virtblk_add_req() is on both paths.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/block/ring.bpf.h"
#include "bpf/block/tp_btf.bpf.h"
#include "tracers/virtblk/disks.bpf.h"

SEC("fexit/virtblk_add_req")
int BPF_PROG(on_add, void *vq, void *data)
{
	return may_end() ? on_add_of((__u64)vq, (__u64)data, ADDED_REQUEST) : 0;
}

SEC("fexit/virtqueue_kick_prepare")
int BPF_PROG(on_kick, void *vq, __u8 needed)
{
	return may_end() ? on_kick_of((__u64)vq, !!needed) : 0;
}

SEC("fexit/virtqueue_get_buf")
int BPF_PROG(on_reap, void *vq, void *len, void *data)
{
	struct request_key key = key_of_driver_data((__u64)data);
	struct shark_request *request;
	struct queue *queue;

	if (!data || !may_end())
		return 0;
	request = find_request(&key);
	queue = find_queue((__u64)vq);
	if (queue)
		queue->reaped++;
	return request ? on_reap_of(request, queue) : 0;
}

SEC("fentry/vring_interrupt")
int BPF_PROG(on_interrupt, int irq, void *vq)
{
	return may_end() ? on_interrupt_of(irq, (__u64)vq) : 0;
}

SEC("fexit/vring_interrupt")
int BPF_PROG(on_interrupt_end, int irq, void *vq, int ret)
{
	return may_end() ? on_interrupt_end_of((__u64)vq, !ret) : 0;
}

SEC("fentry/virtblk_done")
int BPF_PROG(on_done, void *vq)
{
	return may_end() ? on_handler_of(ctx, (__u64)vq) : 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
