// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Asks the kernel what an address is called and whether it lists a name, without
 * a pass over /proc/kallsyms. Kernel 5.16 and later (bpf_kallsyms_lookup_name()).
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "kernel/knames.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct knames_exchange);
} exchange SEC(".maps");

/* "handle_edge_irq+0x10/0x1a0 [module]", or "0xffff..." where nothing has the address. */
static const char symbol_format[] = "%pS";

SEC("syscall")
int describe_address(void *ctx)
{
	__u32 key = 0;
	struct knames_exchange *x = bpf_map_lookup_elem(&exchange, &key);

	if (!x)
		return 0;
	x->result = bpf_snprintf(x->text, sizeof(x->text), symbol_format, &x->address,
				 sizeof(x->address));
	return 0;
}

SEC("syscall")
int find_name(void *ctx)
{
	__u32 key = 0;
	struct knames_exchange *x = bpf_map_lookup_elem(&exchange, &key);

	if (!x)
		return 0;
	x->result = bpf_kallsyms_lookup_name(x->text, sizeof(x->text), 0, &x->address);
	return 0;
}

/* The kernel knows this string as GPL-compatible. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
