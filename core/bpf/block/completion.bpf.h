/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* A request is completed: it is counted, and becomes an event. */
#ifndef SHARK_BPF_BLOCK_COMPLETION_H
#define SHARK_BPF_BLOCK_COMPLETION_H

#include "bpf/block/endings.bpf.h"
#include "bpf/block/figures.bpf.h"
#include "bpf/block/hooks.bpf.h"
#include "bpf/block/stages.bpf.h"

static __always_inline void stream_request(struct shark_cpu *cpu,
					   const struct shark_request *request, __u64 ns)
{
	struct shark_request *event;

	if (!control.streaming || !long_enough(ns))
		return;
	event = reserve_event(cpu, sizeof(*event));
	if (!event)
		return;
	__builtin_memcpy(event, request, sizeof(*event));
	submit_event(cpu, event);
}

static __always_inline void complete(struct shark_cpu *cpu, void *ctx,
				     struct shark_request *request, __s32 status, enum counter by)
{
	__u64 ns;

	note(request, SHARK_COMPLETED, bpf_ktime_get_ns());
	request->status = status;
	request->cpu = bpf_get_smp_processor_id();
	settle(cpu, request);
	leave_queue(request);
	if (!wanted_cpu())
		return;
	request->stack = ending_stack(cpu, ctx, request);
	ns = count_request(cpu, request, by);
	if (has_feature(SHARK_FEATURE_STACKS))
		count_ending(cpu, request, ns);
	stream_request(cpu, request, ns);
}

/*
 * A request that ends and was not seen to be issued: before the start, or the
 * kernel skipped the program. Is it to be counted?
 */
static __always_inline int is_late(const struct shark_request *late, int had_data)
{
	return may_start() && wanted_cpu() && !(had_data && ends_flush(late));
}

static __always_inline void complete_late(struct shark_cpu *cpu, void *ctx,
					  struct shark_request *late, __s32 status, enum counter by)
{
	if (ends_flush(late)) {
		count_flush_end(cpu, late);
		return;
	}
	late->size_class = size_class_of(late->bytes);
	lose(&cpu->own[SHARK_LATE_ENDS]);
	complete(cpu, ctx, late, status, by);
}

#endif
