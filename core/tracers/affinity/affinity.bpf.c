// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Affinity asked for, and when it took effect: kernel/irq/manage.c and
 * migration.c.
 *
 * irq_set_affinity_locked() is asked to move an IRQ. Where the chip can do that
 * only in interrupt context, or the vector's last move is not yet cleaned up
 * (6.12, irq_try_set_affinity()), the request is left pending and succeeds all
 * the same. The next interrupt then calls irq_move_masked_irq(), which moves it,
 * or leaves it pending further. irq_do_set_affinity() of neither is the kernel's
 * own doing: the first affinity at startup, CPUs that go offline.
 *
 * Rows: id: the IRQ, what: SHARK_AFFINITY_*; count; total_ns, max_ns, hist: of
 * SHARK_AFFINITY_MOVED the time it was pending, else of the call; tally: left
 * pending, failed, asked for before the trace, replaced one that was pending.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>

#include "bpf/func.bpf.h"
#include "bpf/kernel.bpf.h"
#include "bpf/rows.bpf.h"
#include "tracers/affinity/wire.h"

/* include/linux/irq.h: IRQD_SETAFFINITY_PENDING */
enum { SETAFFINITY_PENDING = 1 << 8 };

struct call {
	__u64 object; /* the irq_data */
	struct shark_affinity_event event;
};

#include "bpf/calls.bpf.h"

/* Who asked first, and last, for what is pending. */
struct asked {
	__u64 since_ns;
	__u32 pid;
	__s32 stack;
	char comm[16];
	__u64 mask[SHARK_AFFINITY_MASK_WORDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __s32);
	__type(value, struct asked);
} pending SEC(".maps");

static __always_inline int is_pending(const struct irq_data *data)
{
	return BPF_CORE_READ(data, common, state_use_accessors) & SETAFFINITY_PENDING;
}

static __always_inline const void *effective_mask(const struct irq_common_data *common)
{
	const struct irq_common_data___inline *with_mask = (const void *)common;

	if (bpf_core_field_exists(common->effective_affinity))
		return BPF_CORE_READ(common, effective_affinity);
	return __builtin_preserve_access_index(&with_mask->effective_affinity);
}

/*
 * The CPU in force. On x86 it is one (irq_data_update_effective_affinity() in
 * arch/x86/kernel/apic/vector.c).
 */
static __always_inline __s32 effective_cpu(const struct irq_data *data)
{
	const void *mask = effective_mask(BPF_CORE_READ(data, common));
	__u64 word = 0;

	for (int i = 0; i < SHARK_AFFINITY_MASK_WORDS; i++) {
		if ((__u32)i * 64 >= config.nr_cpus)
			break;
		bpf_probe_read_kernel(&word, sizeof(word), mask + 8 * i);
		if (word)
			return i * 64 + (__s32)log2_u64(word & -word);
	}
	return SHARK_NONE;
}

static __always_inline void read_mask(__u64 to[SHARK_AFFINITY_MASK_WORDS], const void *from)
{
	__u32 words = (config.nr_cpus + 63) / 64;

	if (words > SHARK_AFFINITY_MASK_WORDS)
		words = SHARK_AFFINITY_MASK_WORDS;
	bpf_probe_read_kernel(to, words * 8, from);
}

static __always_inline int start(void *ctx, const struct irq_data *data, const void *mask,
				 __u16 what)
{
	struct shark_cpu *cpu = this_cpu();
	struct call call = { .object = (__u64)data };
	struct shark_affinity_event *event = &call.event;

	if (!cpu || !may_start())
		return 0;
	event->irq = (__s32)BPF_CORE_READ(data, irq);
	event->what = what;
	event->flags = is_pending(data) ? SHARK_AFFINITY_WAS_PENDING : 0;
	event->was_on = effective_cpu(data);
	if (mask)
		read_mask(event->mask, mask);
	event->pid = (__u32)bpf_get_current_pid_tgid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->cpu = (__u16)bpf_get_smp_processor_id();
	event->stack = take_stack(cpu, ctx);
	event->ts_ns = bpf_ktime_get_ns();
	begin_call(cpu, &call);
	return 0;
}

/* A request that replaces a pending one is waited for since the first. */
static __always_inline void note_asked(const struct shark_affinity_event *event)
{
	const struct asked *before = bpf_map_lookup_elem(&pending, &event->irq);
	struct asked asked = {
		.since_ns = before ? before->since_ns : event->ts_ns,
		.pid = event->pid,
		.stack = event->stack,
	};

	if (!(event->flags & SHARK_AFFINITY_PENDING)) {
		bpf_map_delete_elem(&pending, &event->irq);
		return;
	}
	__builtin_memcpy(asked.comm, event->comm, sizeof(asked.comm));
	__builtin_memcpy(asked.mask, event->mask, sizeof(asked.mask));
	bpf_map_update_elem(&pending, &event->irq, &asked, BPF_ANY);
}

/* What the interrupt found pending: the task it interrupted has no part in it. */
static __always_inline void take_asked(struct shark_affinity_event *event)
{
	const struct asked *asked = bpf_map_lookup_elem(&pending, &event->irq);

	if (!asked) {
		event->flags |= SHARK_AFFINITY_ASK_UNSEEN;
		event->pid = 0;
		__builtin_memset(event->comm, 0, sizeof(event->comm));
		return;
	}
	event->wait_ns = event->ts_ns - asked->since_ns;
	event->pid = asked->pid;
	event->stack = asked->stack;
	__builtin_memcpy(event->comm, asked->comm, sizeof(event->comm));
	__builtin_memcpy(event->mask, asked->mask, sizeof(event->mask));
	if (!(event->flags & SHARK_AFFINITY_PENDING))
		bpf_map_delete_elem(&pending, &event->irq);
}

static __always_inline void count_event(struct shark_cpu *cpu, struct shark_affinity_event *event)
{
	struct row_key k = {
		.id = (__u32)event->irq,
		.cpu = bpf_get_smp_processor_id(),
		.what = event->what,
	};
	struct shark_row *row;

	event->row = find_row(cpu, &k, NULL);
	row = row_at(event->row);
	if (!row)
		return;
	shared_begins(row);
	add_time_shared(row, event->what == SHARK_AFFINITY_MOVED ? event->wait_ns : event->ns);
	__sync_fetch_and_add(&row->tally[SHARK_AFFINITY_LEFT_PENDING],
			     event->flags & SHARK_AFFINITY_PENDING);
	__sync_fetch_and_add(&row->tally[SHARK_AFFINITY_FAILED], event->ret < 0);
	__sync_fetch_and_add(&row->tally[SHARK_AFFINITY_UNASKED],
			     !!(event->flags & SHARK_AFFINITY_ASK_UNSEEN));
	__sync_fetch_and_add(&row->tally[SHARK_AFFINITY_REPLACED],
			     event->what == SHARK_AFFINITY_ASKED &&
				     event->flags & SHARK_AFFINITY_WAS_PENDING);
	shared_ends(row);
}

static __always_inline int wanted(const struct shark_affinity_event *event)
{
	return passes(SHARK_FILTER_ID, event->irq) && passes(SHARK_FILTER_CPU, event->cpu);
}

static __always_inline void stream(struct shark_cpu *cpu, const struct shark_affinity_event *from)
{
	struct shark_affinity_event *event;

	if (!control.streaming)
		return;
	event = reserve_event(cpu, sizeof(*event));
	if (!event)
		return;
	*event = *from;
	submit_event(cpu, event);
}

static __always_inline void report(struct shark_cpu *cpu, struct call *call, __s32 ret)
{
	const struct irq_data *data = (const struct irq_data *)call->object;
	struct shark_affinity_event *event = &call->event;

	event->ns = bpf_ktime_get_ns() - event->ts_ns;
	event->ret = ret;
	event->is_on = effective_cpu(data);
	event->flags |= is_pending(data) ? SHARK_AFFINITY_PENDING : 0;
	if (event->what == SHARK_AFFINITY_MOVED)
		take_asked(event);
	else
		note_asked(event);
	if (!wanted(event))
		return;
	count_event(cpu, event);
	stream(cpu, event);
}

static __always_inline int finish(__u16 what, __s32 ret)
{
	struct shark_cpu *cpu = this_cpu();
	struct call_key key;
	struct call *call;

	if (!cpu || !may_end())
		return 0;
	call = this_call(&key);
	if (!call || call->event.what != what) {
		lose(&cpu->exit_unmatched);
		return 0;
	}
	report(cpu, call, ret);
	end_call(&key);
	return 0;
}

ENTRY("irq_set_affinity_locked")
int on_ask(func_context *ctx)
{
	return start(ctx, (const struct irq_data *)ARG(ctx, 1), (const void *)ARG(ctx, 2),
		     SHARK_AFFINITY_ASKED);
}

RETURN("irq_set_affinity_locked")
int on_ask_end(func_context *ctx)
{
	return finish(SHARK_AFFINITY_ASKED, RESULT(ctx, 3));
}

/* Of any level of the hierarchy: the state they share tells the rest. */
ENTRY("irq_move_masked_irq")
int on_move(func_context *ctx)
{
	return start(ctx, (const struct irq_data *)ARG(ctx, 1), NULL, SHARK_AFFINITY_MOVED);
}

RETURN("irq_move_masked_irq")
int on_move_end(func_context *ctx)
{
	return finish(SHARK_AFFINITY_MOVED, 0);
}

ENTRY("irq_do_set_affinity")
int on_set(func_context *ctx)
{
	struct call_key key;

	if (this_call(&key)) /* part of a request, or of a move */
		return 0;
	return start(ctx, (const struct irq_data *)ARG(ctx, 1), (const void *)ARG(ctx, 2),
		     SHARK_AFFINITY_SET);
}

RETURN("irq_do_set_affinity")
int on_set_end(func_context *ctx)
{
	struct call_key key;
	const struct call *call = this_call(&key);

	if (!call || call->event.what != SHARK_AFFINITY_SET)
		return 0;
	return finish(SHARK_AFFINITY_SET, RESULT(ctx, 3));
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
