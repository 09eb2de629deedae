/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Requests by the stack they ended in. */
#ifndef SHARK_BPF_BLOCK_ENDINGS_H
#define SHARK_BPF_BLOCK_ENDINGS_H

#include "bpf/block/wire.h"
#include "bpf/session.bpf.h"

/* What it has in common with others: all of a shark_ending after its count and time. */
struct ending_key {
	__s32 stack, irq;
	__u32 dev;
	__u16 queue;
	__u8 op, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct ending_key);
	__type(value, struct shark_ending);
} endings SEC(".maps");

/* Of several CPUs at once one makes it, and all find it. */
static __always_inline struct shark_ending *make_ending(const struct ending_key *key)
{
	struct shark_ending fresh = {
		.stack = key->stack,
		.irq = key->irq,
		.dev = key->dev,
		.queue = key->queue,
		.op = key->op,
	};

	bpf_map_update_elem(&endings, key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&endings, key);
}

/* There are hundreds of stacks, with all that can be interrupted: too many for rows. */
static __always_inline void count_ending(struct shark_cpu *cpu, const struct shark_request *request,
					 __u64 ns)
{
	struct ending_key key = {
		.stack = request->stack,
		.irq = request->irq,
		.dev = request->dev,
		.queue = request->queue,
		.op = request->op,
	};
	struct shark_ending *ending = bpf_map_lookup_elem(&endings, &key) ?: make_ending(&key);

	if (!ending) {
		no_room(cpu, SHARK_FULL_ENDINGS);
		return;
	}
	__sync_fetch_and_add(&ending->count, 1);
	__sync_fetch_and_add(&ending->total_ns, ns);
}

#endif
