/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The kernel types that shark's programs touch, reduced to the fields they
 * read. preserve_access_index lets the loader put in the offsets of the running
 * kernel, so nothing here depends on the machine shark was built on.
 */
#ifndef SHARK_BPF_KERNEL_H
#define SHARK_BPF_KERNEL_H

#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* include/linux/interrupt.h */
struct irqaction {
	const char *name;
	void *dev_id;
	struct task_struct *thread;
};

/* include/linux/sched.h; called state before 5.14 (commit 2f064a59a11f) */
struct task_struct {
	unsigned int __state;
};

struct task_struct___before_5_14 {
	long state;
};

/* kernel/irq/matrix.c */
struct cpumap {
	unsigned int available;
	unsigned int allocated;
	unsigned int managed;
	unsigned int managed_allocated;
};

struct irq_matrix {
	unsigned int global_available;
	unsigned int global_reserved;
	unsigned int total_allocated;
	unsigned int online_maps;
};

/* include/linux/irq.h */
struct cpumask {
	unsigned long bits[1];
};

/* A cpumask_var_t is a pointer with CONFIG_CPUMASK_OFFSTACK, else an array of one. */
struct irq_common_data {
	unsigned int state_use_accessors;
	struct cpumask *effective_affinity;
};

struct irq_common_data___inline {
	struct cpumask effective_affinity[1];
};

struct irq_data {
	unsigned int irq;
	struct irq_common_data *common;
	void *chip_data;
};

/* drivers/iommu/intel/iommu.h, irq_remapping.c */
struct ir_table {
	void *base;
};

struct intel_iommu {
	void *reg;
	__u64 cap;
	int seq_id;
	struct ir_table *ir_table;
};

struct irq_2_iommu {
	struct intel_iommu *iommu;
	__u16 irte_index;
	__u16 sub_handle;
};

struct intel_ir_data {
	struct irq_2_iommu irq_2_iommu;
};

struct qi_desc {
	__u64 qw0;
};

/* drivers/iommu/amd/amd_iommu_types.h */
struct irq_remap_table {
	__u32 *table;
};

struct amd_iommu_pci_seg {
	struct irq_remap_table **irq_lookup_table; /* since 6.1; before, a variable */
};

struct amd_iommu {
	int index;
	void *mmio_base;
	struct amd_iommu_pci_seg *pci_seg; /* since 6.1 */
	void *evt_buf;
	void *irte_ops;
};

struct irq_2_irte {
	__u16 devid;
	__u16 index;
};

struct amd_ir_data {
	struct amd_iommu *iommu; /* since 6.1; before, a variable knows it by devid */
	struct irq_2_irte irq_2_irte;
};

/* include/linux/blkdev.h, blk_types.h */
struct gendisk {
	int major;
	int first_minor;
	char disk_name[32];
};

struct request_queue {
	void *queuedata;
	struct gendisk *disk; /* since 5.15 */
};

/* block/blk-mq.h */
struct blk_mq_ctx {
	unsigned int cpu;
};

/* include/linux/blk-mq.h */
struct blk_mq_hw_ctx {
	unsigned int queue_num;
};

struct request {
	struct request_queue *q;
	struct blk_mq_ctx *mq_ctx;
	struct blk_mq_hw_ctx *mq_hctx;
	unsigned int cmd_flags; /* blk_opf_t since 6.0 */
	unsigned int __data_len;
	unsigned long long __sector;
	unsigned short nr_phys_segments;
	struct gendisk *rq_disk; /* until 5.16 */
};

/* include/linux/virtio.h */
struct virtio_device {
	void *priv;
};

struct virtqueue {
	struct virtio_device *vdev;
	unsigned int index;
};

/* drivers/block/virtio_blk.c */
struct virtio_blk {
	struct gendisk *disk;
};

#pragma clang attribute pop

static __always_inline __u64 task_state(const struct task_struct *task)
{
	const struct task_struct___before_5_14 *old = (const void *)task;

	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state);
	return (__u64)BPF_CORE_READ(old, state);
}

/* Not runnable, for the scheduler. */
static __always_inline int task_sleeps(const struct task_struct *task)
{
	return task_state(task) != 0;
}

/* TASK_DEAD (include/linux/sched.h): it will not run again. */
static __always_inline int task_is_dead(const struct task_struct *task)
{
	return (task_state(task) & 0x80) != 0;
}

#endif
