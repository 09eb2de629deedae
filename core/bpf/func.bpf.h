/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Functions of the kernel, entered and left, by one source for two ways:
 * trampolines (fentry, fexit) and, with WAY_KPROBE, breakpoints. Arguments are
 * counted from 1; the result of a trampoline follows them.
 */
#ifndef SHARK_BPF_FUNC_H
#define SHARK_BPF_FUNC_H

#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define ENTRY_BY_KPROBE(function) SEC("kprobe/" function)
#define RETURN_BY_KPROBE(function) SEC("kretprobe/" function)

#ifdef WAY_KPROBE
#define ENTRY(function) ENTRY_BY_KPROBE(function)
#define RETURN(function) RETURN_BY_KPROBE(function)
typedef struct pt_regs func_context;
#define ARG(ctx, n) ((__u64)PT_REGS_PARM##n(ctx))
#define RESULT(ctx, nr_args) ((__s32)PT_REGS_RC(ctx))
#else
#define ENTRY(function) SEC("fentry/" function)
#define RETURN(function) SEC("fexit/" function)
typedef __u64 func_context;
#define ARG(ctx, n) ((ctx)[(n)-1])
#define RESULT(ctx, nr_args) ((__s32)(ctx)[nr_args])
#endif

#endif
