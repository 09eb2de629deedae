/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The block layer's tracepoints, with bare arguments. */
#ifndef SHARK_BPF_BLOCK_RAW_TP_H
#define SHARK_BPF_BLOCK_RAW_TP_H

#include "bpf/block/layer.bpf.h"

/* Before 5.11 the request queue goes before the request. */
static __always_inline struct request *request_of(const struct bpf_raw_tracepoint_args *ctx)
{
	__u64 rq;

	if (config.at[SHARK_BLOCK_AT_REQUEST]) {
		rq = ctx->args[1];
		/* Two loads: the verifier wants each offset to be a constant. */
		__asm__ volatile("" : "+r"(rq));
	} else {
		rq = ctx->args[0];
		__asm__ volatile("" : "+r"(rq));
	}
	return (struct request *)rq;
}

SEC("raw_tp/block_rq_issue")
int on_issue(struct bpf_raw_tracepoint_args *ctx)
{
	return may_start() ? on_issue_of(request_of(ctx), BARE) : 0;
}

SEC("raw_tp/block_rq_requeue")
int on_requeue(struct bpf_raw_tracepoint_args *ctx)
{
	return may_end() ? on_requeue_of(request_of(ctx)) : 0;
}

SEC("raw_tp/block_rq_complete")
int on_complete(struct bpf_raw_tracepoint_args *ctx)
{
	struct request *rq = (struct request *)ctx->args[0];

	return may_end() ? on_complete_of(ctx, rq, (__s32)ctx->args[1], BY_COMPLETION, BARE) : 0;
}

SEC("raw_tp/block_rq_complete")
int on_complete_2nd(struct bpf_raw_tracepoint_args *ctx)
{
	struct request *rq = (struct request *)ctx->args[0];

	return may_end() ? on_complete_of(ctx, rq, (__s32)ctx->args[1], BY_SECOND, BARE) : 0;
}

#endif
