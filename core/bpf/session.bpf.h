/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What every session has on the kernel side, whatever it traces: its constants,
 * the control word, the per-CPU state, the rows, the event ring and the stacks.
 */
#ifndef SHARK_BPF_SESSION_H
#define SHARK_BPF_SESSION_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "trace/wire.h"

const volatile struct shark_config config;

/* volatile: user space changes it while the programs run. */
volatile struct shark_control control;

/* Sizes of 1 are replaced by the core with this machine's before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct shark_row);
} rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct shark_cpu);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct shark_part);
} parts SEC(".maps");

/*
 * Which parts are free, see take_part(): in the order of their numbers, so that user
 * space maps no more than are in use. A queue hands each out once, whoever asks at the
 * same moment, on kernels without atomic fetch-and-add (before 5.12) too.
 */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__uint(value_size, sizeof(__u32));
} free_parts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, SHARK_STACK_DEPTH * sizeof(__u64));
} stacks SEC(".maps");

static __always_inline struct shark_cpu *this_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&cpus, &cpu);
}

/*
 * Counts what was lost. Programs of one CPU interrupt one another, and on kernels
 * that preempt tasks in programs (7.x) preempt one another: none of these may be
 * lost itself. An addition without a result verifies on every kernel.
 */
static __always_inline void lose(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/* Counts what found no room, under the name of the table that was full. */
static __always_inline void no_room(struct shark_cpu *cpu, __u32 table)
{
	lose(&cpu->full[table]);
}

/* While the programs are being detached, what has started still ends. */
static __always_inline int may_start(void)
{
	return control.armed == SHARK_ON;
}

static __always_inline int may_end(void)
{
	return control.armed != SHARK_OFF;
}

/* Whether a value passes a filter of the session: SHARK_FILTER_ID, or one of the tracer's own. */
static __always_inline int passes(__u32 filter, __s64 value)
{
	return config.filters[filter] == SHARK_ANY || config.filters[filter] == value;
}

static __always_inline int wanted_id(__u32 id)
{
	return passes(SHARK_FILTER_ID, id);
}

/* Asks for the CPU only if it matters. */
static __always_inline int wanted_cpu(void)
{
	return config.filters[SHARK_FILTER_CPU] == SHARK_ANY ||
	       config.filters[SHARK_FILTER_CPU] == bpf_get_smp_processor_id();
}

static __always_inline int long_enough(__u64 ns)
{
	__s64 least = config.filters[SHARK_FILTER_AT_LEAST_NS];

	return least == SHARK_ANY || ns >= (__u64)least;
}

/* Whether a feature of the session is on: SHARK_FEATURE_STACKS, or one of the tracer's own. */
static __always_inline int has_feature(__u32 feature)
{
	return config.features[feature];
}

/*
 * The consumer looks at the ring on a timer, so an event wakes nobody; only
 * when the ring fills past wake_at is the consumer woken, once. Looking at the
 * fill level costs as much as the event, so it is done for every 16th only.
 */
static __always_inline __u64 ring_wakeup(const struct shark_cpu *cpu)
{
	if ((cpu->events & 15) || control.woken)
		return BPF_RB_NO_WAKEUP;
	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) < control.wake_at)
		return BPF_RB_NO_WAKEUP;
	control.woken = 1;
	return BPF_RB_FORCE_WAKEUP;
}

/* Room for an event, or NULL, which is counted. */
static __always_inline void *reserve_event(struct shark_cpu *cpu, __u64 size)
{
	void *event = bpf_ringbuf_reserve(&events, size, 0);

	if (!event)
		lose(&cpu->ring_full);
	return event;
}

static __always_inline void submit_event(struct shark_cpu *cpu, void *event)
{
	cpu->events++;
	bpf_ringbuf_submit(event, ring_wakeup(cpu));
}

/* See keep_stack(). */
enum { STACK_PLACES = 4 };

/*
 * The kernel stack here, as an index that names it as long as the session runs;
 * negative if none is asked for or could be kept. Where another hashes to its place
 * it is kept without its innermost frame, and so hashes to a different one.
 */
static __always_inline __s32 keep_stack(struct shark_cpu *cpu, void *ctx)
{
	long stack = -1;

	if (!has_feature(SHARK_FEATURE_STACKS))
		return -1;
	for (__u64 skip = 0; stack < 0 && skip < STACK_PLACES; skip++)
		stack = bpf_get_stackid(ctx, &stacks, skip);
	if (stack < 0)
		lose(&cpu->stacks_lost);
	return (__s32)stack;
}

/*
 * The kernel stack here, as an index; negative if none is asked for or could be
 * kept. One that hashes to the place of another replaces it: user space reads
 * a stack soon after its event.
 */
static __always_inline __s32 take_stack(struct shark_cpu *cpu, void *ctx)
{
	long stack;

	if (!has_feature(SHARK_FEATURE_STACKS) || !control.streaming)
		return -1;
	stack = bpf_get_stackid(ctx, &stacks, BPF_F_REUSE_STACKID);
	if (stack < 0)
		lose(&cpu->stacks_lost);
	return (__s32)stack;
}

#endif
