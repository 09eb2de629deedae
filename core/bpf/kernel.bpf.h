/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The kernel types that shark's programs touch, reduced to the fields they
 * read. preserve_access_index lets the loader put in the offsets of the running
 * kernel, so nothing here depends on the machine shark was built on.
 */
#ifndef SHARK_BPF_KERNEL_H
#define SHARK_BPF_KERNEL_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* include/linux/interrupt.h */
struct irqaction {
	const char *name;
};

#pragma clang attribute pop

#endif
