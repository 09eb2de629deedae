// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Inter-processor interrupts: who sends, who receives, and the time between.
 *
 * The sender passes ipi:ipi_send_cpu(cpu, callsite, callback) or
 * ipi_send_cpumask(mask, callsite, callback) (kernel/smp.c, since 6.4); a
 * reschedule has no callback. The receiver passes the entry tracepoint of the
 * vector. A vector is pending once, however often it is sent: the first send
 * not yet received is the one that counts.
 *
 * Rows: SHARK_SEND, cpu: the sender, id: the vector, key: callsite, callback;
 * count: sent, tally: sent while one was pending already. SHARK_WAIT, cpu: the
 * receiver, id: the vector, key: sender + 1, or 0 where the send was not seen;
 * there only the count is kept.
 *
 * Two objects: WAY_RAW_TP, and WAY_RECEIVE for kernels without atomic exchange
 * (before 5.12), which counts what is received and nothing else.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/kernel.bpf.h"
#include "bpf/rows.bpf.h"
#include "bpf/tp.bpf.h"
#include "tracers/ipi/wire.h"

/* arch/x86/include/asm/irq_vectors.h */
enum { RESCHEDULE = 0xfd, CALL_FUNCTION = 0xfc, CALL_FUNCTION_SINGLE = 0xfb };

/*
 * The pending send of a vector to a CPU is one word, for compare-and-exchange:
 * the lower 52 bits of the time, 12 bits of the sender; 0 for none.
 */
enum { CPU_BITS = 12 };
#define TIME_MASK ((1ULL << (64 - CPU_BITS)) - 1)

#ifndef WAY_RECEIVE

/* Entries of `extra` for each CPU. */
enum { SLOTS = 4 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} extra SEC(".maps");

static __always_inline __u64 *pending(__u32 cpu, __u32 vector)
{
	__u32 at = cpu * SLOTS + (RESCHEDULE - vector) % SLOTS;

	return bpf_map_lookup_elem(&extra, &at);
}

struct send {
	__u64 stamp;
	const unsigned long *mask;
	__u32 vector;
	__u32 coalesced;
	__u32 sent;
};

/* A trace of one CPU is about what that one receives, and so about what is sent to it. */
static __always_inline void send_to(struct send *send, __u32 cpu)
{
	__u64 *slot = pending(cpu, send->vector);

	if (!slot || !passes(SHARK_FILTER_CPU, cpu))
		return;
	send->sent++;
	if (__sync_val_compare_and_swap(slot, 0, send->stamp))
		send->coalesced++;
}

static __always_inline struct send new_send(__u32 vector)
{
	return (struct send){
		.stamp = (bpf_ktime_get_ns() & TIME_MASK) << CPU_BITS | bpf_get_smp_processor_id(),
		.vector = vector,
	};
}

static __always_inline int count_sends(const struct send *send, __u64 callsite, __u64 callback)
{
	struct row_key k = {
		.key = { [SHARK_IPI_CALLSITE] = callsite, [SHARK_IPI_CALLBACK] = callback },
		.id = send->vector,
		.cpu = bpf_get_smp_processor_id(),
		.what = SHARK_SEND,
	};
	struct shark_cpu *cpu = this_cpu();
	struct shark_row *row;

	if (!cpu || !send->sent)
		return 0;
	row = row_at(find_row(cpu, &k, NULL));
	if (!row)
		return 0;
	/* Interrupts send too, from the same place. */
	__sync_fetch_and_add(&row->begun, send->sent);
	__sync_fetch_and_add(&row->tally[SHARK_IPI_COALESCED], send->coalesced);
	__sync_fetch_and_add(&row->count, send->sent);
	return 0;
}

SEC("raw_tp/ipi_send_cpu")
int on_send_cpu(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 vector = ctx->args[2] ? CALL_FUNCTION_SINGLE : RESCHEDULE;
	struct send send;

	if (!may_start() || !wanted_id(vector))
		return 0;
	send = new_send(vector);
	send_to(&send, (__u32)ctx->args[0]);
	return count_sends(&send, ctx->args[1], ctx->args[2]);
}

static long send_to_bit(__u32 cpu, struct send *send)
{
	unsigned long word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), send->mask + cpu / 64);
	if (word >> cpu % 64 & 1)
		send_to(send, cpu);
	return 0;
}

SEC("raw_tp/ipi_send_cpumask")
int on_send_mask(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 vector = ctx->args[2] ? CALL_FUNCTION : RESCHEDULE;
	struct send send;

	if (!may_start() || !wanted_id(vector))
		return 0;
	send = new_send(vector);
	send.mask = (const unsigned long *)ctx->args[0];
	bpf_loop(config.nr_cpus, send_to_bit, &send, 0);
	return count_sends(&send, ctx->args[1], ctx->args[2]);
}

/* Takes the pending send, if one was seen. */
static __always_inline __u64 take_send(__u32 cpu, __u32 vector)
{
	__u64 *slot = pending(cpu, vector);

	return slot ? __sync_lock_test_and_set(slot, 0) : 0;
}

#else

static __always_inline __u64 take_send(__u32 cpu, __u32 vector)
{
	return 0;
}

#endif

static __always_inline void stream(struct shark_cpu *cpu, __u64 now, __u64 ns, __u32 vector,
				   __u32 row, __u32 sender)
{
	struct shark_event *event;

	if (!control.streaming || !long_enough(ns))
		return;
	event = reserve_event(cpu, sizeof(*event));
	if (!event)
		return;
	event->ts_ns = now;
	event->ns = ns;
	event->id = vector;
	event->row = row;
	event->cpu = (__u16)bpf_get_smp_processor_id();
	event->ret = (__s16)sender;
	event->stack = -1;
	submit_event(cpu, event);
}

SEC("raw_tp/reschedule_entry")
int on_receive(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 vector = (__u32)ctx->args[0], index;
	struct row_key k = {
		.id = vector,
		.cpu = bpf_get_smp_processor_id(),
		.what = SHARK_WAIT,
	};
	__u64 now = bpf_ktime_get_ns(), sent;
	struct shark_cpu *cpu = this_cpu();
	struct shark_row *row;

	if (!cpu || !may_end() || !wanted_id(vector) || !wanted_cpu())
		return 0;
	sent = take_send(k.cpu, vector);
	if (sent)
		k.key[SHARK_IPI_SENDER] = (sent & ((1 << CPU_BITS) - 1)) + 1;
	index = find_row(cpu, &k, NULL);
	row = row_at(index);
	if (!row)
		return 0;
	if (!sent) {
		count_one(row);
		return 0;
	}
	now = ((now & TIME_MASK) - (sent >> CPU_BITS)) & TIME_MASK;
	count(row, now);
	stream(cpu, bpf_ktime_get_ns(), now, vector, index, (__u32)k.key[SHARK_IPI_SENDER] - 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
