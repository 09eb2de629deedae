// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Takes frames longer than 500 bytes. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("socket")
int longer_than_500(struct __sk_buff *frame)
{
	return frame->len > 500 ? frame->len : 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
