// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Reads kernel memory for the process that runs it (BPF_PROG_TEST_RUN). Unlike
 * /proc/kcore it tells what cannot be read, and reads device memory that the
 * kernel has mapped. Kernel 5.14 and later have programs of this type.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "kernel/kmem.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kmem_exchange);
} exchange SEC(".maps");

SEC("syscall")
int read_kernel(void *ctx)
{
	__u32 key = 0, at = 0;
	struct kmem_exchange *x = bpf_map_lookup_elem(&exchange, &key);

	if (!x)
		return 0;
	x->task = bpf_get_current_task();
	for (__u32 i = 0; i < KMEM_SLOTS && i < x->n; i++) {
		struct kmem_slot *slot = &x->slots[i];
		__u32 size = slot->size;

		if (size > KMEM_PIECE)
			return 0;
		slot->result =
			bpf_probe_read_kernel(x->data + at, size, (const void *)slot->address);
		/* User space fills no more than there is room for; this is for the verifier. */
		at = (at + KMEM_ALIGN(size)) & (KMEM_DATA - 1);
	}
	return 0;
}

/* The kernel knows this string as GPL-compatible. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
