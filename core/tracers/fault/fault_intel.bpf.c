// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Intel: dmar_fault(irq, iommu) of drivers/iommu/intel/dmar.c, and the fault
 * recording registers it will read and clear (VT-d spec 11.4.7.1, 11.4.14).
 */
#include "tracers/fault/fault.bpf.h"

/* Records looked at in one interrupt; hardware has 1 to 256, seldom more than 8. */
enum { FSTS = 0x34, MAX_RECORDS = 16 };

ENTRY("dmar_fault")
int on_fault(func_context *ctx)
{
	const struct intel_iommu *iommu = (const struct intel_iommu *)ARG(ctx, 2);
	const void *reg = BPF_CORE_READ(iommu, reg);
	struct shark_cpu *cpu = this_cpu();
	__u64 cap = BPF_CORE_READ(iommu, cap);
	__u32 status, at, records = (__u32)(cap >> 40 & 255) + 1;

	if (!cpu || !may_start())
		return 0;
	status = read32(reg + FSTS);
	at = status >> 8 & 255;
	for (__u32 i = 0; i < MAX_RECORDS && i < records; i++, at = at + 1 < records ? at + 1 : 0) {
		const void *record = reg + (cap >> 24 & 0x3ff) * 16 + at * 16;
		struct shark_fault_event fault = {
			.record = { read64(record), read64(record + 8) },
			.unit = (__u16)BPF_CORE_READ(iommu, seq_id),
			.lost = status & 1,
		};

		if (!(fault.record[1] >> 63))
			break;
		fault.source = (__u16)fault.record[1];
		fault.reason = (__u16)(fault.record[1] >> 32 & 255);
		record_fault(cpu, &fault);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
