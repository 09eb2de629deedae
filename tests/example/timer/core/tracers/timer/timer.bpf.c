// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * How long the functions of kernel timers run, by function and CPU.
 *
 * kernel/time/timer.c, call_timer_fn() calls the function of a timer between the
 * tracepoints timer_expire_entry(timer, baseclk) and timer_expire_exit(timer), in the
 * softirq TIMER. The function may free its timer: afterwards only the address is used.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/spans.bpf.h"

/* include/linux/timer.h: what is read of it; the loader puts in this kernel's offset. */
struct timer_list {
	void *function;
} __attribute__((preserve_access_index));

/* What ends comes first: programs are attached in this order. */
SEC("raw_tp/timer_expire_exit")
int BPF_PROG(on_exit, struct timer_list *timer)
{
	return may_end() && wanted_cpu() ? end_span(ctx, SHARK_SOFTIRQ, (__u32)(__u64)timer) : 0;
}

SEC("raw_tp/timer_expire_entry")
int BPF_PROG(on_entry, struct timer_list *timer)
{
	struct row_key k = { .cpu = bpf_get_smp_processor_id() };

	if (!may_start() || !wanted_cpu())
		return 0;
	k.key[SHARK_KEY_ADDRESS] = (__u64)BPF_CORE_READ(timer, function);
	return start_span(SHARK_SOFTIRQ, (__u32)(__u64)timer, &k);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
