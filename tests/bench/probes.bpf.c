// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * What shark makes of handlers in Lua, as clang makes it of C, with maps of the same kinds and
 * sizes: COUNT, HIST or STARTSTOP of the two tracepoints of system calls.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

typedef __u64 u64;
typedef __u32 u32;

enum { MOST_CPUS = 64, BUCKETS = 512, ENTRIES = 10240 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MOST_CPUS);
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MOST_CPUS *BUCKETS);
	__type(key, u32);
	__type(value, u64);
} buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, u64);
	__type(value, u64);
} started SEC(".maps");

static inline void add(void *map, u32 key)
{
	u64 *value = bpf_map_lookup_elem(map, &key);

	if (value)
		__sync_fetch_and_add(value, 1);
}

#ifdef COUNT
SEC("tp_btf/sys_enter")
int sys_enter(u64 *args)
{
	add(&counts, bpf_get_smp_processor_id());
	return 0;
}
#endif

#ifndef COUNT
/* Eight buckets for each power of two, as lua/shark/hist.lua has them. */
static inline u32 bucket_of(u64 v)
{
	u64 rest = v | 8, log2 = 0;

	for (int width = 32; width; width >>= 1) {
		if (rest >> width) {
			rest >>= width;
			log2 += width;
		}
	}
	return (u32)((log2 - 3) * 8 + (v >> (log2 - 3)));
}

static inline void hist(u64 v)
{
	add(&buckets, bpf_get_smp_processor_id() << 9 | bucket_of(v));
}
#endif

#ifdef HIST
SEC("tp_btf/sys_enter")
int sys_enter(u64 *args)
{
	hist(args[1]);
	return 0;
}
#endif

#ifdef STARTSTOP
SEC("tp_btf/sys_enter")
int sys_enter(u64 *args)
{
	u64 tid = (u32)bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();

	bpf_map_update_elem(&started, &tid, &now, BPF_ANY);
	return 0;
}

SEC("tp_btf/sys_exit")
int sys_exit(u64 *args)
{
	u64 tid = (u32)bpf_get_current_pid_tgid();
	u64 *found = bpf_map_lookup_elem(&started, &tid);
	u64 begun;

	if (!found)
		return 0;
	begun = *found;
	hist(bpf_ktime_get_ns() - begun);
	bpf_map_delete_elem(&started, &tid);
	return 0;
}
#endif

char _license[] SEC("license") = "GPL";
