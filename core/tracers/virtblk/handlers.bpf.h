/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Handlers of virtio devices, known by the name of their interrupts. */
#ifndef SHARK_BPF_VIRTBLK_HANDLERS_H
#define SHARK_BPF_VIRTBLK_HANDLERS_H

#include "bpf/block/interrupts.bpf.h"

/* "virtio" as a number, little endian. */
#define VIRTIO 0x6f6974726976ULL

static __always_inline int is_virtio(const char *name)
{
	__u64 start = 0;

	bpf_probe_read_kernel(&start, 6, name);
	return start == VIRTIO;
}

#endif
