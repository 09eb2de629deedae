/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The functions that write an entry, from entry to return. Those of Intel's driver and
 * of AMD's do the same under other names, which whoever includes this has defined:
 * SET_AFFINITY, ACTIVATE, DEACTIVATE, SET_VCPU; and
 *   find_entry_of(call, chip_data)   fills where the entry is
 */
#ifndef SHARK_BPF_IRTE_WRITERS_H
#define SHARK_BPF_IRTE_WRITERS_H

static __always_inline int start(void *ctx, __u64 irq_data, __u16 what)
{
	const struct irq_data *data = (const struct irq_data *)irq_data;
	struct shark_cpu *cpu = this_cpu();
	struct call call = { .object = irq_data };

	if (!cpu || !may_start())
		return 0;
	call.event.irq = (__s32)BPF_CORE_READ(data, irq);
	call.event.what = what;
	call.event.entries = 1;
	find_entry_of(&call, BPF_CORE_READ(data, chip_data));
	return begin_write(cpu, ctx, &call);
}

ENTRY(SET_AFFINITY)
int on_set_affinity(func_context *ctx)
{
	return start(ctx, ARG(ctx, 1), SHARK_IRTE_SET_AFFINITY);
}

RETURN(SET_AFFINITY)
int on_set_affinity_end(func_context *ctx)
{
	return end_write(RESULT(ctx, 3));
}

ENTRY(ACTIVATE)
int on_activate(func_context *ctx)
{
	return start(ctx, ARG(ctx, 2), SHARK_IRTE_ACTIVATE);
}

RETURN(ACTIVATE)
int on_activate_end(func_context *ctx)
{
	return end_write(RESULT(ctx, 3));
}

ENTRY(DEACTIVATE)
int on_deactivate(func_context *ctx)
{
	return start(ctx, ARG(ctx, 2), SHARK_IRTE_DEACTIVATE);
}

RETURN(DEACTIVATE)
int on_deactivate_end(func_context *ctx)
{
	return end_write(0);
}

ENTRY(SET_VCPU)
int on_set_vcpu(func_context *ctx)
{
	return start(ctx, ARG(ctx, 1), SHARK_IRTE_SET_VCPU);
}

RETURN(SET_VCPU)
int on_set_vcpu_end(func_context *ctx)
{
	return end_write(RESULT(ctx, 2));
}

#endif
