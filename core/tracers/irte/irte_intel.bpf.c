// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Intel: entries are written by modify_irte() and clear_entries() of
 * drivers/iommu/intel/irq_remapping.c, which the compiler makes parts of others.
 * What calls them is watched; and whoever writes an entry then submits an
 * invalidation of it (descriptor type 4) to qi_submit_sync() and waits there.
 *
 * WAY_KPROBE and fentry watch both. WAY_RAW_TP has but the tracepoint
 * intel_iommu:qi_submit: neither IRQ nor times, and the old entry only if it was
 * written before in the same session.
 */
#include "bpf/func.bpf.h"
#include "tracers/irte/irte.bpf.h"

/* VT-d spec 6.5.2.7: Interrupt Entry Cache Invalidate Descriptor; 11.4.9.2: IRTA */
enum { QI_TYPE = 15, QI_IEC = 4, QI_IEC_ONE = 1 << 4, IRTA = 0xb8, IRTA_EIME = 1 << 11 };

static __always_inline __u16 format_of(const struct intel_iommu *iommu)
{
	__u64 irta = 0;

	bpf_probe_read_kernel(&irta, sizeof(irta), BPF_CORE_READ(iommu, reg) + IRTA);
	return irta & IRTA_EIME ? SHARK_IRTE_INTEL_EIM : SHARK_IRTE_INTEL;
}

static __always_inline void find_entry(struct call *call, const struct intel_iommu *iommu,
				       __u32 index)
{
	call->event.index = index;
	call->event.unit = (__u16)BPF_CORE_READ(iommu, seq_id);
	call->event.format = format_of(iommu);
	call->entry = (__u64)BPF_CORE_READ(iommu, ir_table, base) + 16 * (__u64)index;
}

/* The entry that an invalidation is about. */
static __always_inline void find_invalidated(struct call *call, const struct intel_iommu *iommu,
					     __u64 qw0)
{
	__u64 *before, place;

	call->object = (__u64)iommu;
	call->event.irq = SHARK_NONE;
	call->event.what = SHARK_IRTE_OTHER;
	call->event.entries = qw0 & QI_IEC_ONE ? (__u16)(1 << (qw0 >> 27 & 15)) : 0;
	find_entry(call, iommu, qw0 & QI_IEC_ONE ? qw0 >> 32 & 0xffff : 0);
	place = place_of(&call->event);
	before = bpf_map_lookup_elem(&known, &place);
	if (!before) {
		call->event.flags |= SHARK_IRTE_NO_OLD;
		return;
	}
	call->event.old[0] = before[0];
	call->event.old[1] = before[1];
}

#ifdef WAY_RAW_TP

SEC("raw_tp/qi_submit")
int on_submit(struct bpf_raw_tracepoint_args *ctx)
{
	struct shark_cpu *cpu = this_cpu();
	struct call call = {};

	if (!cpu || !may_start() || (ctx->args[1] & QI_TYPE) != QI_IEC)
		return 0;
	find_invalidated(&call, (const struct intel_iommu *)ctx->args[0], ctx->args[1]);
	fill_asker(cpu, ctx, &call.event);
	call.event.flushes = 1;
	call.event.flags |= SHARK_IRTE_NO_TIME;
	report(cpu, &call);
	return 0;
}

#else

static __always_inline void find_entry_of(struct call *call, const struct intel_ir_data *ir)
{
	find_entry(call, BPF_CORE_READ(ir, irq_2_iommu.iommu),
		   BPF_CORE_READ(ir, irq_2_iommu.irte_index) +
			   BPF_CORE_READ(ir, irq_2_iommu.sub_handle));
}

#define SET_AFFINITY "intel_ir_set_affinity"
#define ACTIVATE "intel_irq_remapping_activate"
#define DEACTIVATE "intel_irq_remapping_deactivate"
#define SET_VCPU "intel_ir_set_vcpu_affinity"
#include "tracers/irte/writers.bpf.h"

static __always_inline int is_entry_invalidation(__u64 desc, __u64 *qw0)
{
	*qw0 = BPF_CORE_READ((const struct qi_desc *)desc, qw0);
	return (*qw0 & QI_TYPE) == QI_IEC;
}

ENTRY("qi_submit_sync")
int on_flush(func_context *ctx)
{
	struct shark_cpu *cpu = this_cpu();
	struct call *call, other = {};
	struct call_key key;
	__u64 qw0;

	if (!cpu || !may_start() || !is_entry_invalidation(ARG(ctx, 2), &qw0))
		return 0;
	call = this_call(&key);
	if (call) {
		begin_flush(call);
		return 0;
	}
	find_invalidated(&other, (const struct intel_iommu *)ARG(ctx, 1), qw0);
	fill_asker(cpu, ctx, &other.event);
	begin_flush(&other);
	begin_call(cpu, &other);
	return 0;
}

/*
 * Invalidations of other kinds are no call, or part of none. There are many, at
 * each unmapping of memory: a trampoline knows at once, by the arguments.
 */
RETURN("qi_submit_sync")
int on_flush_end(func_context *ctx)
{
	struct call_key key;
	struct call *call;

#ifndef WAY_KPROBE
	__u64 qw0;

	if (!is_entry_invalidation(ARG(ctx, 2), &qw0))
		return 0;
#endif
	call = may_end() ? this_call(&key) : NULL;
	if (!call || !call->flushing_since)
		return 0;
	end_flush(call);
	return call->event.what == SHARK_IRTE_OTHER ? end_write(RESULT(ctx, 4)) : 0;
}

#endif

char LICENSE[] SEC("license") = "Dual MIT/GPL";
