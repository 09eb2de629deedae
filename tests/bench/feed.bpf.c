// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Fills a ring that somebody else reads, from a loop: no event costs anything
 * but its record. Run by tests/bench/feed.c.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum { AT_A_TIME = 64, LOOK_EVERY = 16 };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

/* Bytes of a record, at least 24: two times, then zeros. */
const volatile __u32 record_bytes = 24;
/* Wake the reader when so much waits; 0: let the kernel decide at every record. */
const volatile __u32 wake_at = 0;

/* As feed.c has it. */
struct {
	__u64 submitted;
	__u64 refused;
	__u64 woken;
} counts;

static __always_inline __u64 wakeup(__u32 i)
{
	__u64 full;

	if (!wake_at)
		return 0;
	if (i % LOOK_EVERY)
		return BPF_RB_NO_WAKEUP;
	full = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= wake_at;
	if (full == counts.woken)
		return BPF_RB_NO_WAKEUP;
	counts.woken = full;
	return full ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

SEC("xdp")
int feed(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns();

	for (__u32 i = 0; i < AT_A_TIME; i++) {
		__u64 *record = bpf_ringbuf_reserve(&ring, record_bytes, 0);

		if (!record) {
			counts.refused++;
			continue;
		}
		__builtin_memset(record, 0, 24);
		for (__u32 word = 3; word < 7 && word * 8 + 8 <= record_bytes; word++)
			record[word] = 0;
		record[0] = now;
		record[1] = i;
		counts.submitted++;
		bpf_ringbuf_submit(record, wakeup(i));
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
