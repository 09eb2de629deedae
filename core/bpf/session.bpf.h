/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What every session has on the kernel side, whatever it traces: the control
 * word, the per-CPU state, the claims on rows and the event ring. The program
 * that includes this declares its own `rows` and `config`.
 */
#ifndef SHARK_BPF_SESSION_H
#define SHARK_BPF_SESSION_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "../events.h"

/* Sizes of 1 are replaced by the core with this machine's before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct shark_cpu);
} cpus SEC(".maps");

/*
 * Which rows are taken. CPUs race for free rows; an insert with BPF_NOEXIST
 * decides, on kernels without atomic compare-and-exchange (before 5.12) too.
 * Only the first event of a row comes here.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} claims SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

/* volatile: user space changes it while the programs run. */
volatile struct shark_control control;

static __always_inline struct shark_cpu *this_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&cpus, &cpu);
}

static __always_inline int claim_row(__u32 row)
{
	__u32 taken = 1;

	return bpf_map_update_elem(&claims, &row, &taken, BPF_NOEXIST);
}

/*
 * The consumer looks at the ring on a timer, so an event wakes nobody; only
 * when the ring fills past wake_at is the consumer woken, once. Looking at the
 * fill level costs as much as the event, hence on every 16th only.
 */
static __always_inline __u64 ring_wakeup(const struct shark_cpu *cpu)
{
	if ((cpu->events & 15) || control.woken)
		return BPF_RB_NO_WAKEUP;
	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) < control.wake_at)
		return BPF_RB_NO_WAKEUP;
	control.woken = 1;
	return BPF_RB_FORCE_WAKEUP;
}

#endif
