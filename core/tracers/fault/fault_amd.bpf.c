// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * AMD: iommu_poll_events(iommu) of drivers/iommu/amd/iommu.c reads the event log
 * (IOMMU spec 2.5); before 6.6 or so it is part of amd_iommu_int_thread(irq,
 * iommu): WAY_FENTRY_THREAD.
 */
#ifdef WAY_KPROBE_THREAD
#define WAY_KPROBE
#define WAY_FENTRY_THREAD
#endif

#include "tracers/fault/fault.bpf.h"

/* drivers/iommu/amd/amd_iommu_types.h */
enum { EVT_HEAD = 0x2010, EVT_TAIL = 0x2018, EVT_BYTES = 8192, ENTRY_BYTES = 16 };
/* Events looked at in one run of the handler. */
enum { MAX_EVENTS = 32 };

#ifdef WAY_FENTRY_THREAD
#define FUNCTION "amd_iommu_int_thread"
#define IOMMU(ctx) ARG(ctx, 2)
#else
#define FUNCTION "iommu_poll_events"
#define IOMMU(ctx) ARG(ctx, 1)
#endif

ENTRY(FUNCTION)
int on_fault(func_context *ctx)
{
	const struct amd_iommu *iommu = (const struct amd_iommu *)IOMMU(ctx);
	const void *mmio = BPF_CORE_READ(iommu, mmio_base), *log = BPF_CORE_READ(iommu, evt_buf);
	struct shark_cpu *cpu = this_cpu();
	__u32 head, tail;

	if (!cpu || !may_start())
		return 0;
	head = read32(mmio + EVT_HEAD) % EVT_BYTES;
	tail = read32(mmio + EVT_TAIL) % EVT_BYTES;
	for (int i = 0; i < MAX_EVENTS && head != tail;
	     i++, head = (head + ENTRY_BYTES) % EVT_BYTES) {
		struct shark_fault_event fault = {
			.record = { read64(log + head), read64(log + head + 8) },
			.unit = (__u16)BPF_CORE_READ(iommu, index),
			.is_amd = 1,
		};

		fault.source = (__u16)fault.record[0];
		fault.reason = (__u16)(fault.record[0] >> 60);
		record_fault(cpu, &fault);
	}
	cpu->ring_full += (tail - head + EVT_BYTES) % EVT_BYTES / ENTRY_BYTES;
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
