// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Time in the handlers of system vectors (local timer, IPIs, thermal, errors),
 * by vector and CPU: arch/x86/include/asm/trace/irq_vectors.h, NAME_entry(vector)
 * and NAME_exit(vector) for each; and in NMI handlers.
 *
 * Rows: SHARK_RUN, id: the vector. NMI handlers have id 2, the vector of NMIs,
 * key: the handler's address, tally: how many events it says it handled.
 */
#include "bpf/spans.bpf.h"
#include "bpf/tp.bpf.h"
#include "tracers/vector/wire.h"

enum { NMI_VECTOR = 2 };

static __always_inline int wanted(__u32 vector)
{
	return wanted_id(vector) && wanted_cpu();
}

TRACEPOINT("local_timer_entry")
int on_entry(tp_context *ctx)
{
	__u32 vector = ID_OF(ctx, SHARK_VECTOR_AT_VECTOR);
	struct row_key k = { .id = vector, .cpu = bpf_get_smp_processor_id() };

	return may_start() && wanted(vector) ? start_span(SHARK_VECTOR, vector, &k) : 0;
}

TRACEPOINT("local_timer_exit")
int on_exit(tp_context *ctx)
{
	__u32 vector = ID_OF(ctx, SHARK_VECTOR_AT_VECTOR);

	return may_end() && wanted(vector) ? end_span(ctx, SHARK_VECTOR, vector) : 0;
}

/* nmi_handler(void *handler, s64 delta_ns, int handled), arch/x86/kernel/nmi.c */
TRACEPOINT("nmi_handler")
int on_nmi(tp_context *ctx)
{
	struct row_key k = { .id = NMI_VECTOR, .cpu = bpf_get_smp_processor_id() };
	struct shark_cpu *cpu = this_cpu();
	struct shark_row *row;
	__u64 ns, handled;

	if (!cpu || !may_start() || !wanted(NMI_VECTOR))
		return 0;
#ifdef WAY_TP
	bpf_probe_read_kernel(&k.key[SHARK_VECTOR_HANDLER], sizeof(k.key[SHARK_VECTOR_HANDLER]),
			      ctx + config.at[SHARK_VECTOR_AT_NMI_HANDLER]);
	bpf_probe_read_kernel(&ns, sizeof(ns), ctx + config.at[SHARK_VECTOR_AT_NMI_NS]);
	handled = field(ctx, config.at[SHARK_VECTOR_AT_NMI_HANDLED]);
#else
	k.key[SHARK_VECTOR_HANDLER] = ctx->args[0];
	ns = ctx->args[1];
	handled = (__u32)ctx->args[2];
#endif
	row = row_at(find_row(cpu, &k, NULL));
	if (!row)
		return 0;
	count_begins(row);
	row->tally[SHARK_VECTOR_HANDLED] += handled;
	add_time(row, ns);
	count_ends(row);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
