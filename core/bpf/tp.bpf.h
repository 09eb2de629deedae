/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What tracepoints hand to programs, by the way the programs are attached. */
#ifndef SHARK_BPF_TP_H
#define SHARK_BPF_TP_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* A 32-bit field; its offset differs between kernels, user space asks tracefs. */
static __always_inline __u32 field(const void *record, __u32 at)
{
	__u32 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), record + at);
	return value;
}

/*
 * Programs that need no more than the first argument, a number, are the same
 * for both ways, and one can be attached to several tracepoints.
 */
#ifdef WAY_TP
#define TRACEPOINT(event) SEC("tracepoint/any/" event)
typedef void tp_context;
#define ID_OF(ctx, slot) field(ctx, config.at[slot])
#else
#define TRACEPOINT(event) SEC("raw_tp/" event)
typedef struct bpf_raw_tracepoint_args tp_context;
#define ID_OF(ctx, slot) ((__u32)(ctx)->args[0])
#endif

#endif
