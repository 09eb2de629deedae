/* SPDX-License-Identifier: MIT */
/*
 * bpf(2) calls in a file: what record.c writes and replay.c makes again. A call is a
 * struct recorded_call, its attributes, and then each piece of memory that they lead to.
 */
#ifndef SHARK_BENCH_BPFCALLS_H
#define SHARK_BENCH_BPFCALLS_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Descriptors in attributes and instructions are written as numbers: the n-th that
 * the calls gave, from 0 on.
 */
struct recorded_call {
	uint32_t command;
	uint32_t size; /* of the attributes */
	uint32_t nr_pieces;
	uint32_t gives; /* whether it gives a descriptor */
};

struct recorded_piece {
	uint32_t at; /* where its address is in the attributes */
	uint32_t size;
};

enum { RECORDED_DESCRIPTORS = 64 };

/* Where the attributes of a command have a descriptor; -1: nowhere. */
static inline int descriptor_at(uint32_t command)
{
	switch (command) {
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_FREEZE:
		return offsetof(union bpf_attr, map_fd);
	case BPF_RAW_TRACEPOINT_OPEN:
		return offsetof(union bpf_attr, raw_tracepoint.prog_fd);
	default:
		return -1;
	}
}

/* Whether an instruction has the descriptor of a map. */
static inline int has_descriptor(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_LD && BPF_SIZE(insn->code) == BPF_DW &&
	       (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE);
}

#endif
