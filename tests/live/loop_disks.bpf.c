// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* A driver with no ring and no interrupts, of the shared half of block requests: loop. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/block/interrupts.bpf.h"
#include "bpf/block/raw_tp.bpf.h"

static __always_inline int is_own_disk(struct gendisk *disk, const int typed)
{
	return GET(typed, disk, disk_name[0]) == 'l' && GET(typed, disk, disk_name[1]) == 'o';
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
