/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Rows that follow one another, found with one search: find_row() for SHARK_REQUEST_ROWS rows. */
#ifndef SHARK_BPF_BLOCK_GROUPS_H
#define SHARK_BPF_BLOCK_GROUPS_H

#include "bpf/block/wire.h"
#include "bpf/rows.bpf.h"

/* Filled from the last to the first, which is what others look at. */
static __always_inline void fill_group(__u32 group, const struct row_key *k)
{
	struct row_key key = *k;

	for (int i = SHARK_REQUEST_ROWS - 1; i >= 0; i--) {
		struct shark_row *row = row_at(group + i);

		key.what = k->what + i;
		if (row)
			fill_row(row, &key, NULL);
	}
}

/* Index of the first row, made if there is none; nr_rows if there is no room. */
static __always_inline __u32 find_group(struct shark_cpu *cpu, const struct row_key *k)
{
	__u32 index = 0;
	struct shark_row *row = search_row(cpu, k, SHARK_REQUEST_ROWS, &index);

	if (!row)
		return config.nr_rows;
	if (!row->used)
		fill_group(index, k);
	return index;
}

#endif
