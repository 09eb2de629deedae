/* SPDX-License-Identifier: MIT */
/* Writes numbered types of DWARF as BTF. */
#ifndef SHARK_DWARF_BTF_H
#define SHARK_DWARF_BTF_H

#include <bpf/btf.h>

#include "kernel/dwarf_types.h"

/* Where variables are of which each CPU has its own; size 0: there are none. */
struct dwarf_percpu {
	uint64_t start, size;
	/*
	 * The names that are at address 0, which is also where linkers put what they leave out:
	 * dwarf_mix_text(1, name).
	 */
	struct dwarf_map at_zero;
};

/* All of the types, and what they lead to. 0 or a negative errno. */
int dwarf_btf_write(struct dwarf_types *types, struct dwarf_percpu *percpu, struct btf *btf,
		    struct error *err);

#endif
