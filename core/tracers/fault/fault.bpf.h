/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Requests that an IOMMU refused: what Intel and AMD have in common. The
 * handler of the IOMMU's own interrupt is watched at its start, and the records
 * that wait for it are read where it will read them: the kernel prints only some
 * (printk_ratelimit), and drops those that it has printed.
 *
 * Rows: id: the source; count; last_ns: time of the last; key and tally: wire.h.
 */
#ifndef SHARK_BPF_FAULT_H
#define SHARK_BPF_FAULT_H

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>

#include "bpf/func.bpf.h"
#include "bpf/kernel.bpf.h"
#include "bpf/rows.bpf.h"
#include "tracers/fault/wire.h"

/* Registers are read as the kernel does, in one access of their size. */
static __always_inline __u32 read32(const void *at)
{
	__u32 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), at);
	return value;
}

static __always_inline __u64 read64(const void *at)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), at);
	return value;
}

static __always_inline void record_fault(struct shark_cpu *cpu, struct shark_fault_event *fault)
{
	struct row_key k = {
		.key = { [SHARK_FAULT_UNIT_AND_REASON] = (__u64)fault->unit << 32 | fault->reason },
		.id = fault->source,
		.cpu = bpf_get_smp_processor_id(),
	};
	struct shark_fault_event *event;
	struct shark_row *row;

	if (!passes(SHARK_FAULT_FILTER_SOURCE, fault->source))
		return;
	fault->ts_ns = bpf_ktime_get_ns();
	fault->cpu = (__u16)k.cpu;
	fault->row = find_row(cpu, &k, NULL);
	row = row_at(fault->row);
	if (row) {
		count_begins(row);
		row->last_ns = fault->ts_ns;
		row->tally[SHARK_FAULT_OVERFLOWS] += fault->lost;
		count_ends(row);
	}
	event = control.streaming ? reserve_event(cpu, sizeof(*event)) : NULL;
	if (!event)
		return;
	*event = *fault;
	submit_event(cpu, event);
}

#endif
