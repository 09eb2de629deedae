/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Which disks are of virtio-blk. */
#ifndef SHARK_BPF_VIRTBLK_DISKS_H
#define SHARK_BPF_VIRTBLK_DISKS_H

#include "bpf/block/address.bpf.h"

/* It alone names its disks so (virtblk_name_format()). */
static __always_inline int is_own_disk(struct gendisk *disk, const int typed)
{
	return GET(typed, disk, disk_name[0]) == 'v' && GET(typed, disk, disk_name[1]) == 'd';
}

#endif
