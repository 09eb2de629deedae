/* SPDX-License-Identifier: MIT */
/*
 * The types of a program that was made at run time: one function, and which line of which
 * file each instruction comes from. The verifier's log, and who lists programs, then show the lines
 * (kernel/bpf/btf.c, and check_btf_info() in kernel/bpf/verifier.c).
 */
#ifndef SHARK_DEBUG_H
#define SHARK_DEBUG_H

#include <linux/bpf.h>
#include <stddef.h>

#include "base/error.h"

/* From which line the instructions come from an index on. */
struct program_line {
	__u32 at;	  /* index of an instruction, from 0 */
	__u32 line;	  /* number from 1 */
	const char *text; /* of the line; NULL: not known */
};

struct program_debug {
	int fd;				   /* of the types, -1: none */
	struct bpf_func_info functions[2]; /* the program, and a callback */
	__u32 nr_functions;
	struct bpf_line_info *lines;
	__u32 nr_lines;
};

/*
 * Lines as a compiler gives them, in the order of the instructions. What the kernel would refuse
 * all for is put right: of several lines at an instruction the last one counts, what is at no
 * instruction is left out, and the first line begins with the first instruction. callback: where in
 * the code a function begins that a helper calls, which the kernel wants to be told; 0: there is
 * none. Returns 0 or a negative errno; the caller gives it back with program_debug_free(), also on
 * failure.
 */
int program_debug_load(struct program_debug *debug, const char *function, const char *file,
		       const struct bpf_insn *code, size_t n, const struct program_line *lines,
		       size_t nr_lines, __u32 callback, struct error *err);

void program_debug_free(struct program_debug *debug);

#endif
