/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Requests known by what classic tracepoints write down: device, sector and size.
 * There is no address, so another may be meant by the same words.
 */
#ifndef SHARK_BPF_BLOCK_RECORD_H
#define SHARK_BPF_BLOCK_RECORD_H

#include "bpf/block/hooks.bpf.h"
#include "bpf/block/stages.bpf.h"
#include "bpf/tp.bpf.h"

struct request_key {
	__u64 sector;
	__u32 dev;
	__u32 sectors;
};

/* The one before may be another, which ends later and is counted then. */
static __always_inline void end_unseen(struct shark_cpu *cpu, struct shark_request *request,
				       enum counter by)
{
	lose(&cpu->entry_unmatched);
}

#include "bpf/block/inflight.bpf.h"

static __always_inline __u64 field64(const void *record, __u32 at)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), record + at);
	return value;
}

/* A flush has no sector: 0 where it is issued, -1 where it is completed. */
static __always_inline struct request_key key_of_record(const void *record)
{
	__u64 sector = field64(record, config.at[SHARK_BLOCK_AT_SECTOR]);

	return (struct request_key){
		.sector = sector + 1 ? sector : 0,
		.dev = field(record, config.at[SHARK_BLOCK_AT_DEV]),
		.sectors = field(record, config.at[SHARK_BLOCK_AT_SECTORS]),
	};
}

/* blk_fill_rwbs(): the operation comes after an 'F' for a flush before it. */
static __always_inline __u8 op_of(const char *rwbs)
{
	char first = rwbs[0] == 'F' && rwbs[1] != ' ' && rwbs[1] ? rwbs[1] : rwbs[0];

	switch (first) {
	case 'R':
		return 0;
	case 'W':
		return 1;
	case 'F':
		return 2;
	case 'D':
		return rwbs[1] == 'E' ? 5 : 3;
	default:
		return 34; /* REQ_OP_DRV_IN */
	}
}

/* The records of all three events have these fields in common; 0: of a disk that is not wanted. */
static __always_inline int describe_record(const void *record, const struct request_key *key,
					   struct shark_request *fresh)
{
	char rwbs[2] = {};

	if (!is_own_device(key->dev) || !wanted_id(key->dev))
		return 0;
	bpf_probe_read_kernel(rwbs, sizeof(rwbs), record + config.at[SHARK_BLOCK_AT_RWBS]);
	fill_blank(fresh);
	fresh->dev = key->dev;
	fresh->sector = key->sector;
	fresh->bytes = key->sectors << 9;
	fresh->op = op_of(rwbs);
	return 1;
}

#endif
