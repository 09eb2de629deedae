/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The queue that an interrupt of virtio is for, by the handler's cookie. */
#ifndef SHARK_BPF_VIRTBLK_VRING_H
#define SHARK_BPF_VIRTBLK_VRING_H

#include "bpf/block/address.bpf.h"
#include "tracers/virtblk/handlers.bpf.h"

static __always_inline struct queue *queue_of_virtqueue(struct virtqueue *vq)
{
	struct virtio_blk *driver = BPF_CORE_READ(vq, vdev, priv);
	struct gendisk *disk = BPF_CORE_READ(driver, disk);

	return find_queue(device_queue_key(dev_of(disk, BARE), BPF_CORE_READ(vq, index)));
}

static __always_inline int on_handler_start(__u32 irq, const char *name, struct virtqueue *vq)
{
	struct shark_cpu *cpu = this_cpu();
	struct queue *queue = NULL;

	if (!cpu || !is_virtio(name))
		return 0;
	/* An interrupt of several queues has another cookie, which finds none. */
	if (bpf_core_type_exists(struct virtio_blk) && bpf_core_type_exists(struct virtqueue))
		queue = queue_of_virtqueue(vq);
	return on_irq_of(cpu, irq, queue);
}

#endif
