/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What of block requests is about virtio-blk alone; the rest is in bpf/block/wire.h. */
#ifndef SHARK_VIRTBLK_WIRE_H
#define SHARK_VIRTBLK_WIRE_H

#include "bpf/block/wire.h"

/* Of config.at, by classic tracepoints. */
enum {
	SHARK_VIRTBLK_AT_IRQ = SHARK_BLOCK_AT_OWN, /* an offset, as those of the block layer */
	SHARK_VIRTBLK_AT_NAME = 6,
	SHARK_VIRTBLK_MAJOR = 7, /* the block major of virtblk */
};

#endif
