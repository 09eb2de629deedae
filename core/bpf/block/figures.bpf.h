/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is counted of a whole queue: its interrupts, kicks and flushes. */
#ifndef SHARK_BPF_BLOCK_FIGURES_H
#define SHARK_BPF_BLOCK_FIGURES_H

#include "bpf/block/groups.bpf.h"
#include "bpf/block/queues.bpf.h"

/* The row of SHARK_INTERRUPTS, ... */
static __always_inline struct shark_row *queue_row(struct shark_cpu *cpu, __u32 dev, __u16 queue,
						   __u32 what)
{
	struct row_key k = {
		.key = { [SHARK_REQUEST_KIND] = queue },
		.id = dev,
		.cpu = bpf_get_smp_processor_id(),
		.what = SHARK_INTERRUPTS,
	};

	return row_at(find_group(cpu, &k) + what - SHARK_INTERRUPTS);
}

/* One that has ended, with what it reaped. */
static __always_inline void count_interrupt(struct shark_cpu *cpu, const struct queue *queue,
					    int not_mine)
{
	struct shark_row *row = queue_row(cpu, queue->dev, queue->queue, SHARK_INTERRUPTS);

	if (!row)
		return;
	count_begins(row);
	row->tally[SHARK_INTERRUPT_WITHOUT_WORK] += !queue->reaped;
	row->tally[SHARK_INTERRUPT_NOT_MINE] += not_mine;
	row->tally[SHARK_INTERRUPT_IRQ] = queue->irq;
	add_time(row, queue->reaped);
	count_ends(row);
}

/* One of which is not seen what it reaps. */
static __always_inline void count_bare_interrupt(struct shark_cpu *cpu, const struct queue *queue)
{
	struct shark_row *row = queue_row(cpu, queue->dev, queue->queue, SHARK_INTERRUPTS);

	if (!row)
		return;
	count_begins(row);
	row->tally[SHARK_INTERRUPT_IRQ] = queue->irq;
	count_ends(row);
}

/* How often it was asked whether to kick, and how often the device was told. */
static __always_inline void count_kick(struct shark_cpu *cpu, const struct queue *queue,
				       __u32 asked, __u32 sent)
{
	struct shark_row *row = queue_row(cpu, queue->dev, queue->queue, SHARK_KICKS);

	if (!row)
		return;
	row->begun = (__u32)row->count + asked;
	barrier();
	row->tally[SHARK_KICK_SENT] += sent;
	barrier();
	row->count += asked;
}

/* See ends_flush(). */
static __always_inline void count_flush_end(struct shark_cpu *cpu, const struct shark_request *late)
{
	struct shark_row *row = queue_row(cpu, late->dev, late->queue, SHARK_FLUSH_ENDS);

	if (!row)
		return;
	shared_begins(row); /* several programs do */
	shared_ends(row);
}

#endif
