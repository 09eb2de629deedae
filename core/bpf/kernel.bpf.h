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

#pragma clang attribute pop

/* Not runnable, for the scheduler. */
static __always_inline int task_sleeps(const struct task_struct *task)
{
	const struct task_struct___before_5_14 *old = (const void *)task;

	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state) != 0;
	return BPF_CORE_READ(old, state) != 0;
}

#endif
