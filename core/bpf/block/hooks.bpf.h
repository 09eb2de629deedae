/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the programs of block requests ask of the driver's half. A tracer includes
 * one of ring.bpf.h (its driver is seen) and interrupts.bpf.h (the block layer and
 * handlers are all that is seen), which answer most; the disks are its own to know.
 */
#ifndef SHARK_BPF_BLOCK_HOOKS_H
#define SHARK_BPF_BLOCK_HOOKS_H

#include "bpf/block/wire.h"
#include "bpf/kernel.bpf.h"
#include "bpf/session.bpf.h"

/* ---- by the tracer ---- */

/* Is it a disk of the driver? `typed`: see GET(). Needed where requests have addresses. */
static __always_inline int is_own_disk(struct gendisk *disk, const int typed);

/* The same by the number, major << 20 | minor. Needed where records are all there is. */
static __always_inline int is_own_device(__u32 dev);

/* ---- by ring.bpf.h or interrupts.bpf.h ---- */

/* Issued, and kept: enters its queue, if this is where that is seen. */
static __always_inline void on_issued(struct shark_cpu *cpu, struct shark_request *request);

/* Not seen to be completed: can it have been? Not while the driver has it in its ring. */
static __always_inline int may_have_ended(const struct shark_request *request);

/* Completed: fills in where, and by which interrupt. */
static __always_inline void settle(struct shark_cpu *cpu, struct shark_request *request);

/* Completed here: the stack it ended in, as an index; negative for none. */
static __always_inline __s32 ending_stack(struct shark_cpu *cpu, void *ctx,
					  const struct shark_request *request);

#endif
