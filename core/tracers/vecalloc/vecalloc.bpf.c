// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The vector allocator: which IRQ gets, moves or gives back which vector of
 * which CPU, and how many are left.
 *
 * arch/x86/kernel/apic/vector.c passes irq_vectors:vector_* for an IRQ; what that
 * takes from or gives to a CPU passes irq_matrix:* (kernel/irq/matrix.c), which
 * does not know of IRQs. Nearly all of it is done under vector_lock, so the
 * ring has it in the order it happened.
 *
 * Rows: id: the tracepoint; last_ns: time of the last one; key and tally, or the
 * matrix that it left (of irq_matrix:*): wire.h.
 *
 * The arguments are numbers and two structs that CO-RE reads: a typed
 * tracepoint (tp_btf) has nothing to add to a raw one.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/kernel.bpf.h"
#include "bpf/rows.bpf.h"
#include "tracers/vecalloc/wire.h"

typedef struct bpf_raw_tracepoint_args raw_args;

static __always_inline int wanted_vector(const struct shark_vecalloc_event *step)
{
	return may_start() && passes(SHARK_FILTER_ID, step->irq) &&
	       passes(SHARK_FILTER_CPU, step->on_cpu);
}

static __always_inline void stream(struct shark_cpu *cpu, void *ctx,
				   const struct shark_vecalloc_event *step)
{
	struct shark_vecalloc_event *event;
	__s32 stack;

	if (!control.streaming)
		return;
	stack = take_stack(cpu, ctx);
	event = reserve_event(cpu, sizeof(*event));
	if (!event)
		return;
	*event = *step;
	event->pid = (__u32)bpf_get_current_pid_tgid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->stack = stack;
	submit_event(cpu, event);
}

static __always_inline int record(void *ctx, struct shark_vecalloc_event *step)
{
	struct row_key k = {
		.key = { [SHARK_VECALLOC_ON_CPU] = (__u32)(step->on_cpu + 1) },
		.id = step->what,
		.cpu = bpf_get_smp_processor_id(),
	};
	struct shark_cpu *cpu = this_cpu();
	struct shark_row *row;

	if (!cpu || !wanted_vector(step))
		return 0;
	step->ts_ns = bpf_ktime_get_ns();
	step->cpu = (__u16)k.cpu;
	step->row = find_row(cpu, &k, NULL);
	row = row_at(step->row);
	if (row) {
		count_begins(row);
		row->last_ns = step->ts_ns;
		if (step->what >= SHARK_MATRIX_ONLINE)
			__builtin_memcpy(row->tally, &step->matrix, sizeof(step->matrix));
		else
			row->tally[SHARK_VECALLOC_FAILED] += step->ret < 0;
		count_ends(row);
	}
	stream(cpu, ctx, step);
	return 0;
}

static __always_inline struct shark_vecalloc_event step_of(__u16 what)
{
	return (struct shark_vecalloc_event){
		.irq = SHARK_NONE,
		.vector = SHARK_NONE,
		.on_cpu = SHARK_NONE,
		.prev_vector = SHARK_NONE,
		.prev_cpu = SHARK_NONE,
		.what = what,
	};
}

static __always_inline struct shark_vecalloc_event irq_step(__u16 what, const raw_args *ctx)
{
	struct shark_vecalloc_event step = step_of(what);

	step.irq = (__s32)ctx->args[0];
	return step;
}

/* A flag of the kernel's type bool. */
static __always_inline __u32 flag(__u64 argument, __u32 meaning)
{
	return (__u8)argument ? meaning : 0;
}

/* ---- of an IRQ: arch/x86/include/asm/trace/irq_vectors.h ---- */

SEC("raw_tp/vector_config")
int on_vector_config(raw_args *ctx)
{
	struct shark_vecalloc_event step = irq_step(SHARK_VECTOR_CONFIG, ctx);

	step.vector = (__s32)ctx->args[1];
	step.on_cpu = (__s32)ctx->args[2];
	step.apicdest = (__u32)ctx->args[3];
	return record(ctx, &step);
}

/* In both, vector and CPU are 0 where there is none: 0 is no vector of an IRQ. */
static __always_inline int modified(const raw_args *ctx, __u16 what)
{
	struct shark_vecalloc_event step = irq_step(what, ctx);

	if (ctx->args[1]) {
		step.vector = (__s32)ctx->args[1];
		step.on_cpu = (__s32)ctx->args[2];
	}
	if (ctx->args[3]) {
		step.prev_vector = (__s32)ctx->args[3];
		step.prev_cpu = (__s32)ctx->args[4];
	}
	return record((void *)ctx, &step);
}

SEC("raw_tp/vector_update")
int on_vector_update(raw_args *ctx)
{
	return modified(ctx, SHARK_VECTOR_UPDATE);
}

SEC("raw_tp/vector_clear")
int on_vector_clear(raw_args *ctx)
{
	return modified(ctx, SHARK_VECTOR_CLEAR);
}

static __always_inline int reserved(const raw_args *ctx, __u16 what)
{
	struct shark_vecalloc_event step = irq_step(what, ctx);

	step.ret = (__s32)ctx->args[1];
	return record((void *)ctx, &step);
}

SEC("raw_tp/vector_reserve_managed")
int on_vector_reserve_managed(raw_args *ctx)
{
	return reserved(ctx, SHARK_VECTOR_RESERVE_MANAGED);
}

SEC("raw_tp/vector_reserve")
int on_vector_reserve(raw_args *ctx)
{
	return reserved(ctx, SHARK_VECTOR_RESERVE);
}

/* `ret` is the vector again, or a negative errno. */
static __always_inline int allocated(const raw_args *ctx, struct shark_vecalloc_event *step,
				     __s32 ret)
{
	step->ret = ret < 0 ? ret : 0;
	if (ret >= 0)
		step->vector = (__s32)ctx->args[1];
	return record((void *)ctx, step);
}

SEC("raw_tp/vector_alloc")
int on_vector_alloc(raw_args *ctx)
{
	struct shark_vecalloc_event step = irq_step(SHARK_VECTOR_ALLOC, ctx);

	step.flags = flag(ctx->args[2], SHARK_IS_RESERVED);
	return allocated(ctx, &step, (__s32)ctx->args[3]);
}

SEC("raw_tp/vector_alloc_managed")
int on_vector_alloc_managed(raw_args *ctx)
{
	struct shark_vecalloc_event step = irq_step(SHARK_VECTOR_ALLOC_MANAGED, ctx);

	step.flags = SHARK_IS_MANAGED;
	return allocated(ctx, &step, (__s32)ctx->args[2]);
}

static __always_inline int activated(const raw_args *ctx, __u16 what)
{
	struct shark_vecalloc_event step = irq_step(what, ctx);

	step.flags = flag(ctx->args[1], SHARK_IS_MANAGED) | flag(ctx->args[2], SHARK_CAN_RESERVE) |
		     flag(ctx->args[3], SHARK_IS_RESERVED);
	return record((void *)ctx, &step);
}

SEC("raw_tp/vector_activate")
int on_vector_activate(raw_args *ctx)
{
	return activated(ctx, SHARK_VECTOR_ACTIVATE);
}

SEC("raw_tp/vector_deactivate")
int on_vector_deactivate(raw_args *ctx)
{
	return activated(ctx, SHARK_VECTOR_DEACTIVATE);
}

SEC("raw_tp/vector_teardown")
int on_vector_teardown(raw_args *ctx)
{
	struct shark_vecalloc_event step = irq_step(SHARK_VECTOR_TEARDOWN, ctx);

	step.flags = flag(ctx->args[1], SHARK_IS_MANAGED) | flag(ctx->args[2], SHARK_IS_RESERVED);
	return record(ctx, &step);
}

SEC("raw_tp/vector_setup")
int on_vector_setup(raw_args *ctx)
{
	struct shark_vecalloc_event step = irq_step(SHARK_VECTOR_SETUP, ctx);

	step.flags = flag(ctx->args[1], SHARK_IS_LEGACY);
	step.ret = (__s32)ctx->args[2];
	return record(ctx, &step);
}

SEC("raw_tp/vector_free_moved")
int on_vector_free_moved(raw_args *ctx)
{
	struct shark_vecalloc_event step = irq_step(SHARK_VECTOR_FREE_MOVED, ctx);

	step.on_cpu = (__s32)ctx->args[1];
	step.vector = (__s32)ctx->args[2];
	step.flags = flag(ctx->args[3], SHARK_IS_MANAGED);
	return record(ctx, &step);
}

/* ---- of a CPU: include/trace/events/irq_matrix.h ---- */

static __always_inline void read_matrix(struct shark_matrix *into, const struct irq_matrix *matrix)
{
	into->global_available = BPF_CORE_READ(matrix, global_available);
	into->global_reserved = BPF_CORE_READ(matrix, global_reserved);
	into->total_allocated = BPF_CORE_READ(matrix, total_allocated);
	into->online_maps = BPF_CORE_READ(matrix, online_maps);
}

static __always_inline void read_cpumap(struct shark_matrix *into, const struct cpumap *map)
{
	into->available = BPF_CORE_READ(map, available);
	into->allocated = BPF_CORE_READ(map, allocated);
	into->managed = BPF_CORE_READ(map, managed);
	into->managed_allocated = BPF_CORE_READ(map, managed_allocated);
}

static __always_inline int matrix_changed(const raw_args *ctx, __u16 what)
{
	struct shark_vecalloc_event step = step_of(what);

	read_matrix(&step.matrix, (const struct irq_matrix *)ctx->args[0]);
	return record((void *)ctx, &step);
}

SEC("raw_tp/irq_matrix_online")
int on_matrix_online(raw_args *ctx)
{
	return matrix_changed(ctx, SHARK_MATRIX_ONLINE);
}

SEC("raw_tp/irq_matrix_offline")
int on_matrix_offline(raw_args *ctx)
{
	return matrix_changed(ctx, SHARK_MATRIX_OFFLINE);
}

SEC("raw_tp/irq_matrix_reserve")
int on_matrix_reserve(raw_args *ctx)
{
	return matrix_changed(ctx, SHARK_MATRIX_RESERVE);
}

SEC("raw_tp/irq_matrix_remove_reserved")
int on_matrix_remove_reserved(raw_args *ctx)
{
	return matrix_changed(ctx, SHARK_MATRIX_REMOVE_RESERVED);
}

SEC("raw_tp/irq_matrix_assign_system")
int on_matrix_assign_system(raw_args *ctx)
{
	struct shark_vecalloc_event step = step_of(SHARK_MATRIX_ASSIGN_SYSTEM);

	step.vector = (__s32)ctx->args[0];
	read_matrix(&step.matrix, (const struct irq_matrix *)ctx->args[1]);
	return record(ctx, &step);
}

static __always_inline int cpu_changed(const raw_args *ctx, __u16 what)
{
	struct shark_vecalloc_event step = step_of(what);

	step.vector = (__s32)ctx->args[0];
	step.on_cpu = (__s32)ctx->args[1];
	read_matrix(&step.matrix, (const struct irq_matrix *)ctx->args[2]);
	read_cpumap(&step.matrix, (const struct cpumap *)ctx->args[3]);
	return record((void *)ctx, &step);
}

SEC("raw_tp/irq_matrix_alloc_reserved")
int on_matrix_alloc_reserved(raw_args *ctx)
{
	return cpu_changed(ctx, SHARK_MATRIX_ALLOC_RESERVED);
}

SEC("raw_tp/irq_matrix_reserve_managed")
int on_matrix_reserve_managed(raw_args *ctx)
{
	return cpu_changed(ctx, SHARK_MATRIX_RESERVE_MANAGED);
}

SEC("raw_tp/irq_matrix_remove_managed")
int on_matrix_remove_managed(raw_args *ctx)
{
	return cpu_changed(ctx, SHARK_MATRIX_REMOVE_MANAGED);
}

SEC("raw_tp/irq_matrix_alloc_managed")
int on_matrix_alloc_managed(raw_args *ctx)
{
	return cpu_changed(ctx, SHARK_MATRIX_ALLOC_MANAGED);
}

SEC("raw_tp/irq_matrix_assign")
int on_matrix_assign(raw_args *ctx)
{
	return cpu_changed(ctx, SHARK_MATRIX_ASSIGN);
}

SEC("raw_tp/irq_matrix_alloc")
int on_matrix_alloc(raw_args *ctx)
{
	return cpu_changed(ctx, SHARK_MATRIX_ALLOC);
}

SEC("raw_tp/irq_matrix_free")
int on_matrix_free(raw_args *ctx)
{
	return cpu_changed(ctx, SHARK_MATRIX_FREE);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
