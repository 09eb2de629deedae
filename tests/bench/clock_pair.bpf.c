// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The floor of what timing a softirq costs: two programs that read the clock. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tp_btf/softirq_entry")
int on_entry(void *ctx)
{
	bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/softirq_exit")
int on_exit(void *ctx)
{
	bpf_ktime_get_ns();
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
