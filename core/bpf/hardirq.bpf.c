// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Time in hard interrupt handlers, by IRQ, action and CPU.
 *
 * kernel/irq/handle.c, __handle_irq_event_percpu() calls each action of an IRQ
 * between the tracepoints irq_handler_entry(irq, action) and
 * irq_handler_exit(irq, action, ret), interrupts off. A handler may call
 * generic_handle_irq() for interrupts behind it (Intel VMD, GPIO chips), so
 * entries nest: each CPU keeps a small stack of frames.
 *
 * One source, three objects, by how the programs reach the tracepoint:
 * WAY_TP_BTF (typed arguments), WAY_RAW_TP (untyped), WAY_TP (the formatted
 * record, which has the name of the action and not its address).
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "hist.bpf.h"
#include "kernel.bpf.h"
#include "session.bpf.h"

const volatile struct shark_hardirq_config config;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct shark_hardirq_row);
} rows SEC(".maps");

/* What tells one handler from another. */
struct handler {
	__u64 action;
	__u64 action_name;
	__u32 irq;
	__u32 cpu;
};

static __always_inline int wanted(__u32 irq)
{
	if (config.irq != SHARK_ANY && config.irq != irq)
		return 0;
	return config.cpu == SHARK_ANY || config.cpu == bpf_get_smp_processor_id();
}

static __always_inline __u64 hash_of(const struct handler *h)
{
	__u64 hash =
		(h->action ^ ((__u64)h->irq << 40) ^ ((__u64)h->cpu << 20)) * 0x9e3779b97f4a7c15ULL;

	return hash ^ (hash >> 32);
}

/* One comparison for the verifier to follow, not four. */
static __always_inline int is_row_of(const struct shark_hardirq_row *row, const struct handler *h)
{
	return !((row->action ^ h->action) | (row->action_name ^ h->action_name) |
		 (row->irq ^ h->irq) | (row->cpu ^ h->cpu));
}

static __always_inline void fill_row(struct shark_hardirq_row *row, const struct handler *h,
				     const char *name)
{
	row->action = h->action;
	row->action_name = h->action_name;
	row->irq = h->irq;
	row->cpu = h->cpu;
	bpf_probe_read_kernel_str(row->name, sizeof(row->name), name);
	barrier();
	row->used = 1;
}

/*
 * Index of the handler's row, claimed if it has none; nr_rows if all the places
 * it may have are taken. A row belongs to one CPU, so only that CPU looks it
 * up, fills it and counts in it. The table is at most half full and the step
 * depends on the hash, so SHARK_MAX_PROBES places are enough but for one key in
 * 2^16.
 */
static __always_inline __u32 find_row(const struct handler *h, const char *name)
{
	__u64 hash = hash_of(h);
	__u32 step = (__u32)(hash >> 40) | 1;
	__u32 at = (__u32)hash;

	for (int i = 0; i < SHARK_MAX_PROBES; i++, at += step) {
		__u32 index = at & (config.nr_rows - 1);
		struct shark_hardirq_row *row = bpf_map_lookup_elem(&rows, &index);

		if (!row)
			break;
		if (!row->used) {
			if (claim_row(index))
				continue;
			fill_row(row, h, name);
			return index;
		}
		if (is_row_of(row, h))
			return index;
	}
	return config.nr_rows;
}

/* An IRQ does not interrupt itself: a frame of it left here lost its exit. */
static __always_inline void drop_stale(struct shark_cpu *cpu, __u32 irq)
{
	for (__u32 i = 0; i < SHARK_MAX_NESTING && i < cpu->depth; i++) {
		if (cpu->frames[i].irq != irq)
			continue;
		cpu->entry_unmatched += cpu->depth - i;
		cpu->depth = i;
		return;
	}
}

static __always_inline int enter(struct shark_cpu *cpu, const struct handler *h, const char *name)
{
	/* Before the stack is looked at: the verifier comes here once, not once per depth. */
	__u32 row = find_row(h, name);
	struct shark_frame *frame;
	__u32 depth;

	if (row >= config.nr_rows)
		cpu->rows_full++;
	drop_stale(cpu, h->irq);
	depth = cpu->depth++;
	if (depth >= SHARK_MAX_NESTING) {
		cpu->too_deep++;
		return 0;
	}
	frame = &cpu->frames[depth];
	frame->irq = h->irq;
	frame->row = row;
	frame->entered_ns = bpf_ktime_get_ns();
	return 0;
}

/* The frame of the handler that returns now; frames above it lost their exit. */
static __always_inline struct shark_frame *pop_frame(struct shark_cpu *cpu, __u32 irq)
{
	for (int i = 0; i < SHARK_MAX_NESTING; i++) {
		__u32 top = cpu->depth - 1;

		if (top >= SHARK_MAX_NESTING)
			break;
		cpu->depth = top;
		if (cpu->frames[top].irq == irq)
			return &cpu->frames[top];
		cpu->entry_unmatched++;
	}
	cpu->exit_unmatched++;
	return NULL;
}

static __always_inline void count(struct shark_hardirq_row *row, __u64 ns, int ret)
{
	__u32 bucket = hist_bucket(ns);

	row->count++;
	row->total_ns += ns;
	if (ns > row->max_ns)
		row->max_ns = ns;
	row->returned[ret & 3]++;
	if (bucket < SHARK_HIST_BUCKETS)
		row->hist[bucket]++;
}

static __always_inline void stream(struct shark_cpu *cpu, const struct shark_frame *frame, __u64 ns,
				   int ret)
{
	struct shark_hardirq_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		cpu->ring_full++;
		return;
	}
	event->ts_ns = frame->entered_ns;
	event->ns = ns;
	event->irq = frame->irq;
	event->cpu = bpf_get_smp_processor_id();
	event->ret = ret;
	event->row = frame->row;
	cpu->events++;
	bpf_ringbuf_submit(event, ring_wakeup(cpu));
}

static __always_inline int leave(__u32 irq, int ret)
{
	__u64 now = bpf_ktime_get_ns();
	struct shark_cpu *cpu = this_cpu();
	struct shark_hardirq_row *row;
	struct shark_frame *frame;

	if (!cpu)
		return 0;
	if (cpu->depth > SHARK_MAX_NESTING) {
		cpu->depth--;
		return 0;
	}
	frame = pop_frame(cpu, irq);
	if (!frame)
		return 0;
	row = bpf_map_lookup_elem(&rows, &frame->row);
	if (!row)
		return 0;
	now -= frame->entered_ns;
	count(row, now, ret);
	if (control.streaming)
		stream(cpu, frame, now, ret);
	return 0;
}

#if defined(WAY_TP_BTF) || defined(WAY_RAW_TP)

/* The verifier lets nobody hash a typed pointer; through memory it is a number. */
static __always_inline __u64 address_of(struct shark_cpu *cpu, const void *pointer)
{
	volatile __u64 *scratch = &cpu->scratch;

	*scratch = (__u64)pointer;
	return *scratch;
}

static __always_inline int enter_action(__u32 irq, struct irqaction *action, const char *name)
{
	struct shark_cpu *cpu = this_cpu();
	struct handler h = {
		.action_name = (__u64)name,
		.irq = irq,
		.cpu = bpf_get_smp_processor_id(),
	};

	if (!cpu)
		return 0;
	h.action = address_of(cpu, action);
	return enter(cpu, &h, name);
}

#ifdef WAY_TP_BTF
#define ENTRY_POINT "tp_btf/irq_handler_entry"
#define EXIT_POINT "tp_btf/irq_handler_exit"
#define NAME_OF(action) ((action)->name)
#else
#define ENTRY_POINT "raw_tp/irq_handler_entry"
#define EXIT_POINT "raw_tp/irq_handler_exit"
#define NAME_OF(action) BPF_CORE_READ(action, name)
#endif

SEC(ENTRY_POINT)
int BPF_PROG(on_entry, int irq, struct irqaction *action)
{
	if (!control.armed || !wanted(irq))
		return 0;
	return enter_action(irq, action, NAME_OF(action));
}

SEC(EXIT_POINT)
int BPF_PROG(on_exit, int irq, struct irqaction *action, int ret)
{
	if (!control.armed || !wanted(irq))
		return 0;
	return leave(irq, ret);
}

#elif defined(WAY_TP)

/* A 32-bit field of the tracepoint's record. */
static __always_inline __u32 field(const void *record, __u32 at)
{
	__u32 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), record + at);
	return value;
}

/* The record has no address: actions of one IRQ with one name are one row. */
static __always_inline __u64 hash_name(const char name[SHARK_NAME_SIZE])
{
	const __u64 *words = (const __u64 *)name;
	__u64 hash = 0;

	for (int i = 0; i < SHARK_NAME_SIZE / 8; i++)
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ULL;
	return hash;
}

SEC("tracepoint/irq/irq_handler_entry")
int on_entry(void *ctx)
{
	char name[SHARK_NAME_SIZE] __attribute__((aligned(8))) = {};
	struct handler h = { .cpu = bpf_get_smp_processor_id() };
	struct shark_cpu *cpu = this_cpu();
	__u32 name_at;

	if (!control.armed || !cpu)
		return 0;
	h.irq = field(ctx, config.entry_irq_at);
	if (!wanted(h.irq))
		return 0;
	name_at = field(ctx, config.entry_name_at) & 0xffff;
	bpf_probe_read_kernel_str(name, sizeof(name), ctx + name_at);
	h.action = hash_name(name);
	return enter(cpu, &h, name);
}

SEC("tracepoint/irq/irq_handler_exit")
int on_exit(void *ctx)
{
	__u32 irq = field(ctx, config.exit_irq_at);

	if (!control.armed || !wanted(irq))
		return 0;
	return leave(irq, field(ctx, config.exit_ret_at));
}

#endif

/* The kernel knows this string as GPL-compatible. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
