/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The block layer's tracepoints, with types (since 5.11: the request is the first argument). */
#ifndef SHARK_BPF_BLOCK_TP_BTF_H
#define SHARK_BPF_BLOCK_TP_BTF_H

#include <bpf/bpf_tracing.h>

#include "bpf/block/layer.bpf.h"

SEC("tp_btf/block_rq_issue")
int BPF_PROG(on_issue, struct request *rq)
{
	return may_start() ? on_issue_of(rq, TYPED) : 0;
}

SEC("tp_btf/block_rq_requeue")
int BPF_PROG(on_requeue, struct request *rq)
{
	return may_end() ? on_requeue_of(rq) : 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq, int status)
{
	return may_end() ? on_complete_of(ctx, rq, status, BY_COMPLETION, TYPED) : 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete_2nd, struct request *rq, int status)
{
	return may_end() ? on_complete_of(ctx, rq, status, BY_SECOND, TYPED) : 0;
}

#endif
