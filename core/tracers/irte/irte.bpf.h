/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Entries of interrupt remapping tables that are written: what Intel and AMD
 * have in common. The vendor's functions that write one are watched from entry
 * to return; the entry is read at both ends, in the table that the hardware
 * reads.
 *
 * Rows: id: the IRQ; count and times: of writes; key and tally: wire.h.
 */
#ifndef SHARK_BPF_IRTE_H
#define SHARK_BPF_IRTE_H

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/kernel.bpf.h"
#include "bpf/rows.bpf.h"
#include "tracers/irte/wire.h"

struct call {
	__u64 object; /* the irq_data, or the IOMMU */
	__u64 entry;  /* of the table; 0 if it could not be found */
	__u64 flushing_since;
	struct shark_irte_event event;
};

#include "bpf/calls.bpf.h"

/* What was last written to an entry, for writes of which the start is not seen. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u64[2]);
} known SEC(".maps");

static __always_inline __u64 place_of(const struct shark_irte_event *event)
{
	return (__u64)event->unit << 32 | (__u64)event->device << 16 | event->index;
}

static __always_inline void read_entry(__u64 to[2], __u64 from, __u32 format)
{
	to[0] = to[1] = 0;
	if (format == SHARK_IRTE_AMD32)
		bpf_probe_read_kernel(to, sizeof(__u32), (const void *)from);
	else
		bpf_probe_read_kernel(to, 2 * sizeof(__u64), (const void *)from);
}

static __always_inline void fill_asker(struct shark_cpu *cpu, void *ctx,
				       struct shark_irte_event *event)
{
	event->pid = (__u32)bpf_get_current_pid_tgid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->cpu = (__u16)bpf_get_smp_processor_id();
	event->stack = take_stack(cpu, ctx);
	event->ts_ns = bpf_ktime_get_ns();
}

static __always_inline int wanted(const struct shark_irte_event *event)
{
	return passes(SHARK_FILTER_ID, event->irq) && passes(SHARK_FILTER_CPU, event->cpu);
}

static __always_inline void stream(struct shark_cpu *cpu, const struct shark_irte_event *from)
{
	struct shark_irte_event *event;

	if (!control.streaming || !long_enough(from->ns))
		return;
	event = reserve_event(cpu, sizeof(*event));
	if (!event)
		return;
	*event = *from;
	submit_event(cpu, event);
}

static __always_inline void count_write(struct shark_cpu *cpu, struct shark_irte_event *event)
{
	struct row_key k = {
		.key = { [SHARK_IRTE_PLACE] = place_of(event), [SHARK_IRTE_REASON] = event->what },
		.id = (__u32)event->irq,
		.cpu = bpf_get_smp_processor_id(),
	};
	struct shark_row *row;

	event->row = find_row(cpu, &k, NULL);
	row = row_at(event->row);
	if (!row)
		return;
	shared_begins(row);
	add_time_shared(row, event->ns);
	__sync_fetch_and_add(&row->tally[SHARK_IRTE_FLUSHES], event->flushes);
	__sync_fetch_and_add(&row->tally[SHARK_IRTE_FLUSH_NS], event->flush_ns);
	__sync_fetch_and_add(&row->tally[SHARK_IRTE_REFUSED], event->ret < 0);
	__sync_fetch_and_add(&row->tally[SHARK_IRTE_UNCHANGED],
			     !(event->flags & SHARK_IRTE_NO_OLD) &&
				     event->old[0] == event->now[0] &&
				     event->old[1] == event->now[1]);
	shared_ends(row);
}

/* A request that was refused, or found nothing to do, writes no entry. */
static __always_inline int was_written(const struct shark_irte_event *event)
{
	return event->flushes || event->old[0] != event->now[0] || event->old[1] != event->now[1];
}

static __always_inline void report(struct shark_cpu *cpu, struct call *call)
{
	struct shark_irte_event *event = &call->event;
	__u64 place = place_of(event);

	read_entry(event->now, call->entry, event->format);
	if (!was_written(event))
		return;
	bpf_map_update_elem(&known, &place, event->now, BPF_ANY);
	if (!wanted(event))
		return;
	count_write(cpu, event);
	stream(cpu, event);
}

static __always_inline int begin_write(struct shark_cpu *cpu, void *ctx, struct call *call)
{
	read_entry(call->event.old, call->entry, call->event.format);
	fill_asker(cpu, ctx, &call->event);
	begin_call(cpu, call);
	return 0;
}

static __always_inline int end_write(__s32 ret)
{
	__u64 now = bpf_ktime_get_ns();
	struct shark_cpu *cpu = this_cpu();
	struct call_key key;
	struct call *call;

	if (!cpu || !may_end())
		return 0;
	call = this_call(&key);
	if (!call) {
		lose(&cpu->exit_unmatched);
		return 0;
	}
	call->event.ns = now - call->event.ts_ns;
	call->event.ret = ret;
	report(cpu, call);
	end_call(&key);
	return 0;
}

static __always_inline void begin_flush(struct call *call)
{
	call->event.flushes++;
	call->flushing_since = bpf_ktime_get_ns();
}

static __always_inline void end_flush(struct call *call)
{
	call->event.flush_ns += bpf_ktime_get_ns() - call->flushing_since;
	call->flushing_since = 0;
}

#endif
