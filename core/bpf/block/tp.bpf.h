/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The block layer's tracepoints, by their records. */
#ifndef SHARK_BPF_BLOCK_TP_H
#define SHARK_BPF_BLOCK_TP_H

#include "bpf/block/completion.bpf.h"
#include "bpf/block/record.bpf.h"

SEC("tracepoint/block/block_rq_issue")
int on_issue(void *ctx)
{
	struct request_key key = key_of_record(ctx);
	struct shark_cpu *cpu = this_cpu();
	struct shark_request fresh;

	if (!cpu || !may_start() || !describe_record(ctx, &key, &fresh))
		return 0;
	fresh.issue_cpu = bpf_get_smp_processor_id();
	keep(cpu, &key, &fresh, BY_ISSUE);
	return 0;
}

SEC("tracepoint/block/block_rq_requeue")
int on_requeue(void *ctx)
{
	struct request_key key = key_of_record(ctx);

	requeue(&key);
	return 0;
}

static __always_inline void complete_unkept(struct shark_cpu *cpu, void *ctx,
					    const struct request_key *key, __s32 status)
{
	struct shark_request late;

	if (!describe_record(ctx, key, &late) || !is_late(&late, key->sector != 0))
		return;
	late.issue_cpu = SHARK_NO_CPU;
	complete_late(cpu, ctx, &late, status, BY_COMPLETION);
}

/* One program: whatever kept the kernel from running it would keep it from a second. */
SEC("tracepoint/block/block_rq_complete")
int on_complete(void *ctx)
{
	struct request_key key = key_of_record(ctx);
	struct shark_request *request = find_request(&key);
	__s32 status = field(ctx, config.at[SHARK_BLOCK_AT_ERROR]);
	struct shark_cpu *cpu = this_cpu();

	if (!cpu || !may_end())
		return 0;
	if (!request) {
		complete_unkept(cpu, ctx, &key, status);
		return 0;
	}
	complete(cpu, ctx, request, status, BY_COMPLETION);
	drop_request(&key);
	return 0;
}

#endif
