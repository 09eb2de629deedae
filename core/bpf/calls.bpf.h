/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Calls of functions that have begun and not yet returned. Who includes this
 * has defined `struct call`, with the address of what the call is about in
 * `object`.
 *
 * A task can be preempted in a call and go on elsewhere, so calls belong to
 * tasks, not to CPUs. Interrupts call on top of the task they interrupt and
 * return before it goes on: each task, and each CPU's idle task, has a stack.
 */
#ifndef SHARK_BPF_CALLS_H
#define SHARK_BPF_CALLS_H

#include "bpf/session.bpf.h"

enum { CALL_LEVELS = 3, CALLS_AT_ONCE = 1024 };

struct call_key {
	__u64 task;
	__u64 level;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CALLS_AT_ONCE);
	__type(key, struct call_key);
	__type(value, struct call);
} calls SEC(".maps");

/* The idle task of every CPU has the id 0. */
static __always_inline __u64 this_task(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	return tid ? tid : (1ULL << 32) + bpf_get_smp_processor_id();
}

/*
 * Keeps a call until it returns. The kernel's locks keep a call about an object
 * from being in a call about the same: such a one lost its return.
 */
static __always_inline void begin_call(struct shark_cpu *cpu, const struct call *call)
{
	struct call_key key = { .task = this_task() };

	for (int level = 0; level < CALL_LEVELS; level++) {
		const struct call *other;

		key.level = (__u64)level;
		other = bpf_map_lookup_elem(&calls, &key);
		if (other && other->object != call->object)
			continue;
		if (other)
			lose(&cpu->entry_unmatched);
		if (bpf_map_update_elem(&calls, &key, call, BPF_ANY))
			no_room(cpu, SHARK_FULL_CALLS);
		return;
	}
	lose(&cpu->too_deep);
}

/* The call that this task is in, and its key for end_call(); NULL if in none. */
static __always_inline struct call *this_call(struct call_key *key)
{
	key->task = this_task();
	for (int level = CALL_LEVELS - 1; level >= 0; level--) {
		struct call *call;

		key->level = (__u64)level;
		call = bpf_map_lookup_elem(&calls, key);
		if (call)
			return call;
	}
	return NULL;
}

static __always_inline void end_call(const struct call_key *key)
{
	bpf_map_delete_elem(&calls, key);
}

#endif
