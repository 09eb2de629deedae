// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Threaded interrupt handlers: from the handler that wakes its thread, to the
 * thread that runs, to its going back to sleep.
 *
 * kernel/irq/handle.c, __irq_wake_thread() wakes action->thread when the handler
 * returns IRQ_WAKE_THREAD, which irq_handler_exit shows; a thread that runs
 * already is not woken but goes round once more (kernel/irq/manage.c,
 * irq_thread()). When it runs and sleeps is the scheduler's sched_switch to tell.
 *
 * A thread is of one action as long as it lives. Memory is used again: each wake
 * says anew whose thread it is, and a thread that dies is forgotten.
 *
 * Rows, key: action and a hash of its name, id: the IRQ. SHARK_SEND: handlers that asked
 * for the thread, on the CPU of the handler. SHARK_WAIT: from the first of them
 * to the thread's start; SHARK_RUN: from there until it sleeps, without the time
 * it was preempted, which is in nested_ns; on the CPU of the thread.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/kernel.bpf.h"
#include "bpf/rows.bpf.h"
#include "tracers/irqthread/wire.h"

enum { IRQ_WAKE_THREAD = 2 };

/* By task. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct shark_thread);
} extra SEC(".maps");

static __always_inline __u32 find_row_of(struct shark_cpu *cpu, const struct shark_thread *thread,
					 __u32 what)
{
	struct row_key k = {
		.key = { [SHARK_THREAD_ACTION] = thread->action,
			 [SHARK_THREAD_NAME] = thread->name_hash },
		.id = thread->irq,
		.cpu = bpf_get_smp_processor_id(),
		.what = what,
	};

	return find_row(cpu, &k, thread->name);
}

static __always_inline void count_wake(struct shark_cpu *cpu, const struct shark_thread *thread)
{
	struct shark_row *row = row_at(find_row_of(cpu, thread, SHARK_SEND));

	if (row)
		count_one(row);
}

/* The thread's entry; a new one if it has none, NULL and counted without room. */
static __always_inline struct shark_thread *thread_of(struct shark_cpu *cpu, __u64 task,
						      const struct shark_thread *fresh)
{
	struct shark_thread *thread = bpf_map_lookup_elem(&extra, &task);

	if (thread)
		return thread;
	if (bpf_map_update_elem(&extra, &task, fresh, BPF_NOEXIST))
		no_room(cpu, SHARK_FULL_THREADS);
	return NULL;
}

/* Another thread than the one that was there: its memory is used again. */
static __always_inline int is_another(const struct shark_thread *thread,
				      const struct shark_thread *fresh)
{
	return thread->action != fresh->action || thread->irq != fresh->irq ||
	       thread->name_hash != fresh->name_hash;
}

static __always_inline void name_action(struct shark_thread *thread, const struct irqaction *action)
{
	thread->action = (__u64)action;
	bpf_probe_read_kernel_str(thread->name, sizeof(thread->name), BPF_CORE_READ(action, name));
	thread->name_hash = hash_name(thread->name);
}

SEC("raw_tp/irq_handler_exit")
int BPF_PROG(on_wake, int irq, struct irqaction *action, int ret)
{
	struct shark_thread fresh = { .irq = irq }, *thread;
	struct shark_cpu *cpu = this_cpu();
	__u64 task;

	if (!cpu || !(ret & IRQ_WAKE_THREAD) || !may_start() || !wanted_id(irq))
		return 0;
	task = (__u64)BPF_CORE_READ(action, thread);
	name_action(&fresh, action);
	fresh.woken_ns = bpf_ktime_get_ns();
	count_wake(cpu, &fresh);
	thread = thread_of(cpu, task, &fresh);
	if (thread && is_another(thread, &fresh))
		*thread = fresh;
	if (thread && !thread->woken_ns)
		thread->woken_ns = fresh.woken_ns;
	return 0;
}

static __always_inline void start(struct shark_cpu *cpu, struct shark_thread *thread, __u64 now)
{
	struct shark_row *row;

	if (thread->switched_ns) {
		thread->away_ns += now - thread->switched_ns;
		thread->switched_ns = 0;
	}
	if (thread->started_ns || !thread->woken_ns)
		return;
	thread->started_ns = now;
	thread->away_ns = 0;
	thread->wait_ns = now - thread->woken_ns;
	thread->woken_ns = 0;
	row = row_at(find_row_of(cpu, thread, SHARK_WAIT));
	if (row)
		count(row, thread->wait_ns);
}

static __always_inline void stream(struct shark_cpu *cpu, const struct shark_thread *thread,
				   __u64 ns, __u32 row)
{
	struct shark_deferred_event *event;

	if (!control.streaming || (!long_enough(ns) && !long_enough(thread->wait_ns)))
		return;
	event = reserve_event(cpu, sizeof(*event));
	if (!event)
		return;
	event->ts_ns = thread->started_ns;
	event->ns = ns;
	event->wait_ns = thread->wait_ns;
	event->nested_ns = thread->away_ns;
	event->asked_by = (__u64)SHARK_HARDIRQ << 32 | thread->irq;
	event->id = thread->irq;
	event->row = row;
	event->cpu = (__u16)bpf_get_smp_processor_id();
	event->ksoftirqd = 0;
	event->stack = -1;
	submit_event(cpu, event);
}

static __always_inline void stop(struct shark_cpu *cpu, struct shark_thread *thread, __u64 now)
{
	__u32 index = find_row_of(cpu, thread, SHARK_RUN);
	struct shark_row *row = row_at(index);
	__u64 ns = now - thread->started_ns - thread->away_ns;

	if (row) {
		count_begins(row);
		row->nested_ns += thread->away_ns;
		add_time(row, ns);
		count_ends(row);
	}
	stream(cpu, thread, ns, index);
	thread->started_ns = 0;
	/* Woken meanwhile: it did that too before it slept (kernel/irq/manage.c, irq_thread()). */
	thread->woken_ns = 0;
}

static __always_inline void leave(struct shark_cpu *cpu, struct task_struct *task, int preempted,
				  __u64 now)
{
	__u64 key = (__u64)task;
	struct shark_thread *thread = bpf_map_lookup_elem(&extra, &key);

	if (!thread)
		return;
	if (thread->started_ns && (preempted || !task_sleeps(task)))
		thread->switched_ns = now;
	else if (thread->started_ns)
		stop(cpu, thread, now);
	if (task_is_dead(task))
		bpf_map_delete_elem(&extra, &key);
}

SEC("raw_tp/sched_switch")
int BPF_PROG(on_switch, int preempted, struct task_struct *prev, struct task_struct *next)
{
	__u64 key = (__u64)next, now = bpf_ktime_get_ns();
	struct shark_cpu *cpu = this_cpu();
	struct shark_thread *thread;

	if (!cpu || !may_end() || !wanted_cpu())
		return 0;
	leave(cpu, prev, preempted & 1, now);
	thread = bpf_map_lookup_elem(&extra, &key);
	if (thread)
		start(cpu, thread, now);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
