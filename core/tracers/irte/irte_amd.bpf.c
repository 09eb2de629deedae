// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * AMD: entries are written by modify_irte() and modify_irte_ga() of
 * drivers/iommu/amd/iommu.c for the functions watched here. To the time of the
 * invalidation: iommu_flush_irt_and_complete() has it since 6.3; before, it is
 * most of modify_irte_ga(). Taking an entry into use and giving it back
 * (alloc_irq_index(), free_irte()) names no IRQ and is not seen.
 */
#include "bpf/func.bpf.h"
#include "tracers/irte/irte.bpf.h"

/* Which of its two operations tables an IOMMU has tells the format of entries. */
extern const void irte_128_ops __ksym __weak;
extern const void irte_32_ops __ksym __weak;
/* Variables until 6.1: arrays by device id. */
extern const void irq_lookup_table __ksym __weak;
extern const void amd_iommu_rlookup_table __ksym __weak;

static __always_inline const void *element(const void *variable, __u32 index)
{
	const void *array = NULL, *found = NULL;

	bpf_probe_read_kernel(&array, sizeof(array), variable);
	if (array)
		bpf_probe_read_kernel(&found, sizeof(found), array + 8 * (__u64)index);
	return found;
}

static __always_inline const struct amd_iommu *iommu_of(const struct amd_ir_data *ir, __u32 device)
{
	if (bpf_core_field_exists(ir->iommu))
		return BPF_CORE_READ(ir, iommu);
	return element(&amd_iommu_rlookup_table, device);
}

static __always_inline const struct irq_remap_table *table_of(const struct amd_iommu *iommu,
							      __u32 device)
{
	const struct irq_remap_table *table = NULL;
	const struct amd_iommu_pci_seg *seg = NULL;

	if (!bpf_core_field_exists(seg->irq_lookup_table))
		return element(&irq_lookup_table, device);
	bpf_probe_read_kernel(&table, sizeof(table),
			      BPF_CORE_READ(iommu, pci_seg, irq_lookup_table) + device);
	return table;
}

static __always_inline __u16 format_of(const struct amd_iommu *iommu)
{
	const void *ops = BPF_CORE_READ(iommu, irte_ops);

	if (ops == &irte_128_ops)
		return SHARK_IRTE_AMD128;
	return ops == &irte_32_ops ? SHARK_IRTE_AMD32 : SHARK_IRTE_UNKNOWN;
}

static __always_inline void find_entry_of(struct call *call, const struct amd_ir_data *ir)
{
	__u32 device = BPF_CORE_READ(ir, irq_2_irte.devid);
	const struct amd_iommu *iommu = iommu_of(ir, device);
	__u64 table = (__u64)BPF_CORE_READ(table_of(iommu, device), table);

	call->event.index = BPF_CORE_READ(ir, irq_2_irte.index);
	call->event.device = (__u16)device;
	call->event.unit = (__u16)BPF_CORE_READ(iommu, index);
	call->event.format = format_of(iommu);
	call->entry = table +
		      (call->event.format == SHARK_IRTE_AMD32 ? 4 : 16) * (__u64)call->event.index;
}

#define SET_AFFINITY "amd_ir_set_affinity"
#define ACTIVATE "irq_remapping_activate"
#define DEACTIVATE "irq_remapping_deactivate"
#define SET_VCPU "amd_ir_set_vcpu_affinity"
#include "tracers/irte/writers.bpf.h"

/*
 * Always by kprobe: a trampoline's program names its function when it is
 * loaded, and which of the two there is differs between kernels.
 */
ENTRY_BY_KPROBE("iommu_flush_irt_and_complete")
int on_flush(void *ctx)
{
	struct call_key key;
	struct call *call = may_start() ? this_call(&key) : NULL;

	if (call)
		begin_flush(call);
	return 0;
}

RETURN_BY_KPROBE("iommu_flush_irt_and_complete")
int on_flush_end(void *ctx)
{
	struct call_key key;
	struct call *call = may_end() ? this_call(&key) : NULL;

	if (call && call->flushing_since)
		end_flush(call);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
