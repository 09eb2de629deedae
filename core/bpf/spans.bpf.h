/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What starts at one tracepoint and ends at another, on the same CPU: a frame while it
 * runs, a count and a time in its row and, if somebody listens, an event when it ends.
 */
#ifndef SHARK_BPF_SPANS_H
#define SHARK_BPF_SPANS_H

#include "bpf/frames.bpf.h"
#include "bpf/rows.bpf.h"

/* `kind` and `id` tell it from what it is nested in; `k` is the row that it counts in. */
static __always_inline int start_span(__u32 kind, __u32 id, const struct row_key *k)
{
	struct shark_cpu *cpu = this_cpu();

	if (cpu)
		push_frame(cpu, kind, id, find_row(cpu, k, NULL));
	return 0;
}

static __always_inline int end_span(void *ctx, __u32 kind, __u32 id)
{
	__u64 now = bpf_ktime_get_ns(), ns;
	struct shark_cpu *cpu = this_cpu();
	struct shark_frame *frame;
	struct shark_row *row;

	if (!cpu)
		return 0;
	frame = end_frame(cpu, kind, id, now, &ns);
	if (!frame)
		return 0;
	row = row_at(frame->row);
	if (row)
		count(row, ns);
	stream_frame(cpu, ctx, frame, ns, 0);
	pop_frame(cpu, frame);
	return 0;
}

#endif
