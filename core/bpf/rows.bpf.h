/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The row table: open addressing in an array that user space reads as it is. */
#ifndef SHARK_BPF_ROWS_H
#define SHARK_BPF_ROWS_H

#include "hist.bpf.h"
#include "rowkey.bpf.h"
#include "session.bpf.h"

/* One comparison for the verifier to follow, not five. */
static __always_inline int is_row_of(const struct shark_row *row, const struct row_key *k)
{
	return !((row->key[0] ^ k->key[0]) | (row->key[1] ^ k->key[1]) | (row->id ^ k->id) |
		 (row->cpu ^ k->cpu) | (row->what ^ k->what));
}

/* The value does not matter; one more word on the stack would cost the verifier time. */
static __always_inline int claim_row(const __u32 *row)
{
	return bpf_map_update_elem(&claims, row, row, BPF_NOEXIST);
}

static __always_inline void fill_row(struct shark_row *row, const struct row_key *k,
				     const char *name)
{
	row->key[0] = k->key[0];
	row->key[1] = k->key[1];
	row->id = k->id;
	row->cpu = k->cpu;
	row->what = k->what;
	if (name)
		bpf_probe_read_kernel_str(row->name, sizeof(row->name), name);
	barrier();
	row->used = 1;
}

/* The row at an index; NULL for nr_rows, which is "no room". */
static __always_inline struct shark_row *row_at(__u32 index)
{
	return bpf_map_lookup_elem(&rows, &index);
}

/*
 * The key's row, or a free one, claimed for it and to be filled by the caller;
 * NULL, and counted, if all the places it may have are taken. Keys have rows at
 * multiples of `stride`. A row belongs to one CPU, so only that CPU looks it up,
 * fills it and counts in it. The table is at most half full and the step depends
 * on the hash, so SHARK_MAX_PROBES places are enough but for one key in 2^16.
 * Another CPU, or a program that was interrupted or preempted here, may have claimed
 * a row and not filled it yet: the next place is as good. Should the key be the
 * same, it has two rows from then on, and whoever reads them adds them up.
 */
static __always_inline struct shark_row *search_row(struct shark_cpu *cpu, const struct row_key *k,
						    __u32 stride, __u32 *index)
{
	__u64 hash = hash_of(k);
	__u32 step = place_step(hash) * stride;
	__u32 at = first_place(hash) * stride;
	struct shark_row *row = NULL;

	/* What follows is behind the loop: the verifier goes there twice, not at each turn. */
	for (int i = 0; i < SHARK_MAX_PROBES; i++, at += step) {
		*index = at & (config.nr_rows - 1);
		row = bpf_map_lookup_elem(&rows, index);
		if (!row)
			break;
		if (row->used ? is_row_of(row, k) : !claim_row(index))
			break;
		row = NULL;
	}
	if (!row)
		no_room(cpu, SHARK_FULL_ROWS);
	return row;
}

/* Index of the key's row, made if it has none; nr_rows if there is no room. */
static __always_inline __u32 find_row(struct shark_cpu *cpu, const struct row_key *k,
				      const char *name)
{
	__u32 index = 0;
	struct shark_row *row = search_row(cpu, k, 1, &index);

	if (!row)
		return config.nr_rows;
	if (!row->used)
		fill_row(row, k, name);
	return index;
}

static __always_inline void count(struct shark_row *row, __u64 ns)
{
	__u32 bucket = hist_bucket(ns);

	if (bucket < SHARK_HIST_BUCKETS)
		row->hist[bucket]++;
	row->total_ns += ns;
	if (ns > row->max_ns)
		row->max_ns = ns;
	barrier();
	row->count++; /* last: who reads the same count before and behind has it all */
}

#endif
