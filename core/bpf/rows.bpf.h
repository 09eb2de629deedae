/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The row table: open addressing in an array that user space reads as it is. */
#ifndef SHARK_BPF_ROWS_H
#define SHARK_BPF_ROWS_H

#include "bpf/hist.bpf.h"
#include "bpf/rowkey.bpf.h"
#include "bpf/session.bpf.h"

/* One comparison for the verifier to follow, not five. */
static __always_inline int is_row_of(const struct shark_row *row, const struct row_key *k)
{
	return !((row->key[0] ^ k->key[0]) | (row->key[1] ^ k->key[1]) | (row->id ^ k->id) |
		 (row->cpu ^ k->cpu) | (row->what ^ k->what));
}

/*
 * Takes a free row. CPUs race for it: each adds itself and then looks, so at most
 * one sees itself alone. Needs no compare-and-exchange, which kernels before 5.12
 * do not have for programs. Where none was alone the place stays empty.
 */
static __always_inline int claim_row(struct shark_row *row)
{
	if (row->claims)
		return 0;
	__sync_fetch_and_add(&row->claims, 1);
	return *(volatile __u32 *)&row->claims == 1;
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

	/* What follows is not in the loop: the verifier goes there twice, not at each turn. */
	for (int i = 0; i < SHARK_MAX_PROBES; i++, at += step) {
		*index = at & (config.nr_rows - 1);
		row = bpf_map_lookup_elem(&rows, index);
		if (!row)
			break;
		if (row->used ? is_row_of(row, k) : claim_row(row))
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

/* ---- counting ---- */

/*
 * The number of a part that nobody has; negative if there is none. They come in their
 * order: the queue holds where the next numbers of config.part_step sequences are, each
 * with that step, and who takes a number puts its successor in. So it is empty only
 * if as many are at it at once, or all parts are taken.
 */
static __always_inline long take_part(__u32 *index)
{
	long failed = bpf_map_pop_elem(&free_parts, index);
	__u32 next = *index + config.part_step;

	if (!failed && next < config.nr_parts)
		bpf_map_push_elem(&free_parts, &next, BPF_ANY);
	return failed;
}

/* A part of a histogram for a row that has none there; NULL, and counted, if none is left. */
static __always_inline struct shark_part *claim_part(__u32 *part)
{
	struct shark_cpu *cpu = this_cpu();
	__u32 index = 0;

	if (!take_part(&index)) {
		*part = index + 1;
		return bpf_map_lookup_elem(&parts, &index);
	}
	if (cpu)
		no_room(cpu, SHARK_FULL_PARTS);
	return NULL;
}

/* Where the row counts a value, or NULL. */
static __always_inline __u64 *bucket_of(struct shark_row *row, __u64 value)
{
	__u32 bucket = hist_bucket(value);
	__u32 *part = &row->parts[bucket / SHARK_PART_BUCKETS % SHARK_HIST_PARTS];
	__u32 index = *part - 1; /* beyond the table if it has none */
	struct shark_part *found = bpf_map_lookup_elem(&parts, &index);

	if (!found)
		found = claim_part(part);
	return found ? &found->buckets[bucket % SHARK_PART_BUCKETS] : NULL;
}

/*
 * Says to who reads meanwhile that the row is not whole, until count_ends(): to be
 * called before the first figure is changed. User space takes the count, copies,
 * and looks here last: the copy is whole if no more has begun than was counted.
 */
static __always_inline void count_begins(struct shark_row *row)
{
	row->begun = (__u32)row->count + 1;
	barrier();
}

static __always_inline void count_ends(struct shark_row *row)
{
	barrier();
	row->count++;
}

static __always_inline void add_time(struct shark_row *row, __u64 ns)
{
	__u64 *bucket = bucket_of(row, ns);

	if (bucket)
		(*bucket)++;
	row->total_ns += ns;
	if (ns > row->max_ns)
		row->max_ns = ns;
}

/* Counts what took so long. For programs that nothing of the same key interrupts. */
static __always_inline void count(struct shark_row *row, __u64 ns)
{
	count_begins(row);
	add_time(row, ns);
	count_ends(row);
}

/* Counts what has no time. */
static __always_inline void count_one(struct shark_row *row)
{
	count_begins(row);
	count_ends(row);
}

/*
 * The same for programs that are preempted in tasks: of functions (fentry, since
 * 5.12) and of tracepoints (since 7.0). Two of one row may lose a maximum, and where
 * both give it the same part of its histogram, what one counted there.
 */
static __always_inline void shared_begins(struct shark_row *row)
{
	__sync_fetch_and_add(&row->begun, 1);
}

static __always_inline void shared_ends(struct shark_row *row)
{
	__sync_fetch_and_add(&row->count, 1);
}

static __always_inline void add_time_shared(struct shark_row *row, __u64 ns)
{
	__u64 *bucket = bucket_of(row, ns);

	if (bucket)
		__sync_fetch_and_add(bucket, 1);
	__sync_fetch_and_add(&row->total_ns, ns);
	if (ns > row->max_ns)
		row->max_ns = ns;
}

#endif
