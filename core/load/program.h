/* SPDX-License-Identifier: MIT */
/* A BPF program that is made at run time: instructions in, a descriptor or the verifier's log out.
 */
#ifndef SHARK_PROGRAM_H
#define SHARK_PROGRAM_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "load/debug.h"

struct program_spec {
	const char *type;     /* "raw_tp", ...: see program_type() */
	const char *expected; /* "fentry", ...: see program_expected(); NULL: none */
	const char *name;
	const struct bpf_insn *code; /* with the descriptors of its maps */
	size_t n;
	__u32 btf_id; /* what a program of type "tracing" is attached to; else 0 */
	int btf_fd;   /* of the module's types that btf_id is of; 0: the kernel's own */
	const char *file;
	const struct program_line *lines;
	size_t nr_lines;     /* 0: it is loaded without lines */
	__u32 flags;	     /* BPF_F_... */
	__u32 callback;	     /* where in the code a function begins that a helper calls; 0: none */
	const char *license; /* NULL: "GPL" */
};

/* Numbers of struct program_info that this kernel does not tell. */
#define PROGRAM_UNKNOWN UINT64_MAX

struct program_info {
	uint64_t verified; /* instructions that the verifier looked at: since 5.16 */
	uint64_t misses;   /* runs that were skipped because the program, or another one, ran on
			      that CPU: since 5.12 */
	uint64_t jited;	   /* bytes of machine code, 0: it is interpreted */
	uint64_t xlated;   /* bytes of instructions, as the verifier changed them */
};

/* BPF_PROG_TYPE_... and BPF_TRACE_... of a name, or -1. */
int program_type(const char *name);
int program_expected(const char *name);

/* The names by number from 0; NULL behind the last. */
const char *program_type_at(size_t i);
const char *program_expected_at(size_t i);

/*
 * Returns a descriptor, or a negative errno; then *log is the verifier's log, which the caller
 * frees, or NULL where it wrote none. A program whose lines only are refused is loaded
 * without them.
 */
int program_load(const struct program_spec *spec, char **log, struct error *err);

/*
 * The same without lines and without a word about why it was refused; -EOPNOTSUPP for one that
 * cannot go without. Any thread may call it.
 */
int program_try(const struct program_spec *spec);

/* 0 or a negative errno. */
int program_info(int fd, struct program_info *info, struct error *err);

/*
 * Runs of all these programs that were skipped. Kernels before 5.12 have no counter, and skip none
 * of programs on raw tracepoints and trampolines: those have no guard against recursion there. What
 * perf events skip there, their links do not tell. Returns 0 or a negative errno.
 */
int program_misses(const int fds[], size_t n, uint64_t *misses, struct error *err);

/*
 * The machine code, which the caller frees: *size bytes. NULL with -EPERM in err where addresses
 * of the kernel are not shown to this process, with -ENOENT where programs are interpreted.
 */
void *program_jited(int fd, size_t *size, struct error *err);

enum { PROGRAM_RUN_ARGS = 12 };

/*
 * Runs a program of type "raw_tp" once, on this CPU, with these arguments (5.10 and later). At most
 * PROGRAM_RUN_ARGS; the kernel refuses fewer than the program reads. Returns 0 or a negative errno.
 */
int program_run(int fd, const uint64_t *args, size_t n, uint32_t *result, struct error *err);

#endif
