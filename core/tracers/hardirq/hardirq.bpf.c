// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Time in hard interrupt handlers, by IRQ, action and CPU.
 *
 * kernel/irq/handle.c, __handle_irq_event_percpu() calls each action of an IRQ
 * between the tracepoints irq_handler_entry(irq, action) and
 * irq_handler_exit(irq, action, ret), interrupts off.
 *
 * One source, three objects, by how the programs reach the tracepoint:
 * WAY_TP_BTF (typed arguments), WAY_RAW_TP (untyped), WAY_TP (the formatted
 * record, which has the name of the action and not its address).
 *
 * What is in a row's key and tally: wire.h.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/frames.bpf.h"
#include "bpf/kernel.bpf.h"
#include "bpf/rows.bpf.h"
#include "bpf/tp.bpf.h"
#include "tracers/hardirq/wire.h"

static __always_inline int wanted(__u32 irq)
{
	return wanted_id(irq) && wanted_cpu();
}

static __always_inline int enter(struct shark_cpu *cpu, const struct row_key *k, const char *name)
{
	/* Before the frames are looked at: the verifier comes here once, not once per depth. */
	__u32 row = find_row(cpu, k, name);

	push_frame(cpu, SHARK_HARDIRQ, k->id, row);
	return 0;
}

static __always_inline int leave(void *ctx, __u32 irq, int ret)
{
	__u64 now = bpf_ktime_get_ns(), ns;
	struct shark_cpu *cpu = this_cpu();
	struct shark_frame *frame;
	struct shark_row *row;

	if (!cpu)
		return 0;
	frame = end_frame(cpu, SHARK_HARDIRQ, irq, now, &ns);
	if (!frame)
		return 0;
	row = row_at(frame->row);
	if (row) {
		count_begins(row);
		row->nested_ns += frame->nested_ns;
		row->tally[ret & SHARK_RETURNED_BOTH]++;
		add_time(row, ns);
		count_ends(row);
	}
	stream_frame(cpu, ctx, frame, ns, ret);
	pop_frame(cpu, frame);
	return 0;
}

#if defined(WAY_TP_BTF) || defined(WAY_RAW_TP)

/* The verifier lets nobody hash a typed pointer; through memory it is a number. */
static __always_inline __u64 address_of(struct shark_cpu *cpu, const void *pointer)
{
	volatile __u64 *number = &cpu->scratch;

	*number = (__u64)pointer;
	return *number;
}

static __always_inline int enter_action(__u32 irq, struct irqaction *action, const char *name)
{
	struct shark_cpu *cpu = this_cpu();
	struct row_key k = {
		.id = irq,
		.cpu = bpf_get_smp_processor_id(),
	};

	if (!cpu)
		return 0;
	k.key[SHARK_HARDIRQ_ACTION] = address_of(cpu, action);
	k.key[SHARK_HARDIRQ_ACTION_NAME] = address_of(cpu, name);
	return enter(cpu, &k, name);
}

#ifdef WAY_TP_BTF
#define POINT(event) "tp_btf/" event
#define NAME_OF(action) ((action)->name)
#else
#define POINT(event) "raw_tp/" event
#define NAME_OF(action) BPF_CORE_READ(action, name)
#endif

SEC(POINT("irq_handler_entry"))
int BPF_PROG(on_entry, int irq, struct irqaction *action)
{
	return may_start() && wanted(irq) ? enter_action(irq, action, NAME_OF(action)) : 0;
}

SEC(POINT("irq_handler_exit"))
int BPF_PROG(on_exit, int irq, struct irqaction *action, int ret)
{
	return may_end() && wanted(irq) ? leave(ctx, irq, ret) : 0;
}

#elif defined(WAY_TP)

SEC("tracepoint/irq/irq_handler_entry")
int on_entry(void *ctx)
{
	char name[SHARK_NAME_SIZE] __attribute__((aligned(8))) = {};
	struct row_key k = { .cpu = bpf_get_smp_processor_id() };
	struct shark_cpu *cpu = this_cpu();
	__u32 name_at;

	k.id = field(ctx, config.at[SHARK_HARDIRQ_AT_ENTRY_IRQ]);
	if (!cpu || !may_start() || !wanted(k.id))
		return 0;
	name_at = field(ctx, config.at[SHARK_HARDIRQ_AT_ENTRY_NAME]) & 0xffff;
	bpf_probe_read_kernel_str(name, sizeof(name), ctx + name_at);
	/* The record has no address: actions of one IRQ with one name are one row. */
	k.key[SHARK_HARDIRQ_ACTION] = hash_name(name);
	return enter(cpu, &k, name);
}

SEC("tracepoint/irq/irq_handler_exit")
int on_exit(void *ctx)
{
	__u32 irq = field(ctx, config.at[SHARK_HARDIRQ_AT_EXIT_IRQ]);

	return may_end() && wanted(irq)
		       ? leave(ctx, irq, field(ctx, config.at[SHARK_HARDIRQ_AT_EXIT_RET]))
		       : 0;
}

#endif

/* The kernel knows this string as GPL-compatible. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
